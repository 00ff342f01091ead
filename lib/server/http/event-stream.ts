import { errorBody, toHttpError } from "./http-error.ts";
import { PulledBody, type PulledBodyOptions } from "./pulled-body.ts";

export interface EventStreamOptions extends Omit<PulledBodyOptions, "farewell"> {
  /** Milliseconds without an event after which a comment is sent. */
  readonly heartbeatMs: number;
}

// What fails within this time still gets a status of its own, and later an event.
const graceMs = 1000;

/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), each the
 * given text as `data`. What goes wrong is the last event.
 * @throws what the source throws before its first event
 */
export async function eventStream(
  source: AsyncIterable<string>,
  { heartbeatMs, signal, onEnd }: EventStreamOptions,
): Promise<Response> {
  const events = source[Symbol.asyncIterator]();
  let first: Promise<IteratorResult<string>> | undefined = events.next();
  await Promise.race([first, new Promise((resolve) => setTimeout(resolve, graceMs).unref())]);
  let sent = performance.now();
  const next = async () => {
    const asked = first ?? events.next();
    first = undefined;
    const { done, value } = await asked;
    sent = performance.now();
    return done === true ? undefined : `data: ${value}\n\n`;
  };
  const heartbeat = setInterval(() => {
    if (performance.now() - sent < heartbeatMs) return;
    sent = performance.now();
    body.send(": still there\n\n");
  }, heartbeatMs);
  const body = new PulledBody(
    { next, return: () => events.return?.().catch(() => {}) },
    {
      signal,
      farewell: (error) => `data: ${JSON.stringify(errorBody(toHttpError(error)))}\n\n`,
      onEnd: (error) => {
        clearInterval(heartbeat);
        onEnd(error);
      },
    },
  );
  return new Response(body.stream, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      // Proxies of nginx's kind pass events on at once.
      "x-accel-buffering": "no",
    },
  });
}
