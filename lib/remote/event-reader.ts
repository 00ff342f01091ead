import { setImmediate as turn } from "node:timers/promises";
import { TextDecoder } from "node:util";
import { createParser } from "eventsource-parser";
import type { RemoteErrors } from "./remote-error.ts";

// Characters that are read at a time. Between two such pieces the event loop goes on.
const pieceLength = 2 ** 13;

/**
 * The JSON of server-sent events, read as fast as they are taken. The stream must end with
 * `[DONE]`, unless whoever reads it stops before.
 * @param longest - characters of one event
 * @throws CodeLlamaError `REMOTE_FAILED` for a stream that breaks off, or is none
 */
export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  longest: number,
  errors: RemoteErrors,
): AsyncGenerator<unknown> {
  let waiting: string[] = [];
  let tooLong = false;
  const parser = createParser({
    maxBufferSize: longest,
    onEvent({ data }) {
      tooLong ||= data.length > longest;
      waiting.push(data);
    },
    onError({ type }) {
      tooLong ||= type === "max-buffer-size-exceeded";
    },
  });
  for await (const text of pieces(body, errors)) {
    parser.feed(text);
    if (tooLong) throw errors.failed(`it sends an event of more than ${longest} characters`);
    const events = waiting;
    waiting = [];
    for (const data of events) {
      if (data === "[DONE]") return;
      yield parse(data, errors);
    }
  }
  throw errors.failed("the answer broke off before its end");
}

/** The text of a stream of bytes, in short pieces. */
async function* pieces(
  body: AsyncIterable<Uint8Array>,
  errors: RemoteErrors,
): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for await (const bytes of body) {
    const text = decode(decoder, bytes, errors);
    for (let start = 0; start < text.length; start += pieceLength) {
      if (start > 0) await turn();
      yield text.slice(start, start + pieceLength);
    }
  }
}

function decode(decoder: TextDecoder, bytes: Uint8Array, errors: RemoteErrors): string {
  try {
    return decoder.decode(bytes, { stream: true });
  } catch {
    throw errors.failed("it sends events that are not UTF-8");
  }
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
  if ("error" in event && event.error !== null) throw errors.answered(event);
  return event;
}
