import { errorBody, toHttpError } from "./http-error.ts";
import { PulledBody, type PulledBodyOptions } from "./pulled-body.ts";

export interface EventStreamOptions extends Omit<PulledBodyOptions, "farewell"> {
  /** Milliseconds without an event after which the stream sends a comment. */
  readonly heartbeatMs: number;
}

// A source that fails within this time gets an HTTP error status. A later failure becomes an event.
const graceMs = 1000;

/**
 * Answers with server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 * Each text of the source is the `data` of one event. A failure becomes the last event.
 * @throws the source's error if the source fails before its first event
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
    const pending = first ?? events.next();
    first = undefined;
    const { done, value } = await pending;
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
      // Stops nginx and similar proxies from buffering events.
      "x-accel-buffering": "no",
    },
  });
}
