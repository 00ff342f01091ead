import { createParser } from "eventsource-parser";
import type { RemoteErrors } from "./remote-error.ts";

// Of one event: far beyond what any server sends, and not enough to fill the memory.
const longestEvent = 2 ** 24;

/**
 * The JSON of server-sent events, read as fast as they are taken. The stream must end with
 * `[DONE]`, unless whoever reads it stops before.
 * @throws CodeLlamaError `REMOTE_FAILED` for a stream that breaks off, or is none
 */
export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  errors: RemoteErrors,
): AsyncGenerator<unknown> {
  let waiting: string[] = [];
  let tooLong = false;
  const parser = createParser({
    maxBufferSize: longestEvent,
    onEvent: ({ data }) => void waiting.push(data),
    onError: ({ type }) => {
      tooLong ||= type === "max-buffer-size-exceeded";
    },
  });
  const decoder = new TextDecoder();
  for await (const bytes of body) {
    parser.feed(decoder.decode(bytes, { stream: true }));
    if (tooLong) throw errors.failed("it sends an event that does not end");
    const events = waiting;
    waiting = [];
    for (const data of events) {
      if (data === "[DONE]") return;
      yield parse(data, errors);
    }
  }
  throw errors.failed("the answer broke off before its end");
}

function parse(data: string, errors: RemoteErrors): unknown {
  let event: unknown;
  try {
    event = JSON.parse(data);
  } catch {
    throw errors.failed("it sends events that are no JSON");
  }
  if (typeof event !== "object" || event === null) {
    throw errors.failed("it sends events that are no objects");
  }
  if ("error" in event) throw errors.answered(event);
  return event;
}
