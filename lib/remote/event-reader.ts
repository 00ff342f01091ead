import { setImmediate as turn } from "node:timers/promises";
import { TextDecoder } from "node:util";
import { createParser } from "eventsource-parser";
import type { RemoteErrors } from "./remote-error.ts";

// Characters parsed between two turns of the event loop.
const pieceLength = 2 ** 13;

/**
 * Yields the JSON of server-sent events and reads no faster than the caller. The stream must end
 * with `[DONE]`, unless the caller stops earlier.
 * @param longest - maximum characters of one event
 * @throws CodeLlamaError `REMOTE_FAILED` if the stream ends early or is not a valid event stream
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
    if (tooLong) throw errors.failed(`the server sent an event of more than ${longest} characters`);
    const events = waiting;
    waiting = [];
    for (const data of events) {
      if (data === "[DONE]") return;
      yield parse(data, errors);
    }
  }
  throw errors.failed("the answer ended before its last event");
}

/** Decodes a stream of bytes as UTF-8 and yields it in short pieces. */
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
    throw errors.failed("the server sent an event that is not UTF-8");
  }
}

function parse(data: string, errors: RemoteErrors): unknown {
  let event: unknown;
  try {
    event = JSON.parse(data);
  } catch {
    throw errors.failed("the server sent an event that is not JSON");
  }
  if (typeof event !== "object" || event === null) {
    throw errors.failed("the server sent an event that is not a JSON object");
  }
  if ("error" in event && event.error !== null) throw errors.answered(event);
  return event;
}
