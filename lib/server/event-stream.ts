import { clientGone, errorBody, toHttpError } from "./http-error.ts";

export interface EventStreamOptions {
  /** Milliseconds without an event after which a comment is sent. */
  readonly heartbeatMs: number;
  /** Ends the stream with its reason as the last event, even while nobody reads. */
  readonly signal: AbortSignal;
  /** Called once, however the stream ends: with what went wrong, if anything did. */
  onEnd(error?: unknown): void;
}

// What fails within this time still gets a status of its own, and later an event.
const graceMs = 1000;

/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), each the
 * given text as `data`. They are taken when the client reads: a slow one slows only its own source,
 * and one that goes away ends it.
 * @throws what the source throws before its first event
 */
export async function eventStream(
  source: AsyncIterable<string>,
  { heartbeatMs, signal, onEnd }: EventStreamOptions,
): Promise<Response> {
  const events = source[Symbol.asyncIterator]();
  let first: Promise<IteratorResult<string>> | undefined = events.next();
  await Promise.race([first, new Promise((resolve) => setTimeout(resolve, graceMs).unref())]);
  const encoder = new TextEncoder();
  let sent = performance.now();
  let heartbeat: NodeJS.Timeout | undefined;
  let ended = false;
  const end = (error?: unknown) => {
    ended = true;
    clearInterval(heartbeat);
    onEnd(error);
  };
  const fail = (controller: ReadableStreamDefaultController<Uint8Array>, error: unknown) => {
    if (ended) return;
    const told = JSON.stringify(errorBody(toHttpError(error)));
    controller.enqueue(encoder.encode(`data: ${told}\n\n`));
    end(error);
    controller.close();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const cut = () => {
          fail(controller, signal.reason);
          // The source may wait for what never comes.
          events.return?.()?.catch(() => {});
        };
        if (signal.aborted) cut();
        else signal.addEventListener("abort", cut, { once: true });
        heartbeat = setInterval(() => {
          if (performance.now() - sent < heartbeatMs || (controller.desiredSize ?? 0) < 0) return;
          sent = performance.now();
          controller.enqueue(encoder.encode(": still there\n\n"));
        }, heartbeatMs);
      },
      async pull(controller) {
        try {
          const next = first ?? events.next();
          first = undefined;
          const { done, value } = await next;
          if (ended) return;
          if (!done) {
            sent = performance.now();
            controller.enqueue(encoder.encode(`data: ${value}\n\n`));
            return;
          }
          end();
          controller.close();
        } catch (error) {
          fail(controller, error);
        }
      },
      async cancel() {
        // What the source waits for has to end first.
        end(clientGone());
        await events.return?.();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      // Proxies of nginx's kind pass events on at once.
      "x-accel-buffering": "no",
    },
  });
}
