import { inSlices, jsonPieces } from "./json-pieces.ts";
import { PulledBody, type PulledBodyOptions } from "./pulled-body.ts";

export interface SlicedAnswerOptions extends PulledBodyOptions {
  /** Called when the answer does not fit into one slice. `onEnd` then reports its end. */
  onStream(): void;
}

/**
 * Answers with a value as JSON, written in slices while the client reads. A short answer is one slice
 * and has a known length.
 */
export async function slicedAnswer(
  value: unknown,
  options: SlicedAnswerOptions,
): Promise<Response> {
  const headers = { "content-type": "application/json" };
  const slices = inSlices(jsonPieces(value));
  const { value: first = "" } = await slices.next();
  const second = await slices.next();
  if (second.done === true) return new Response(first, { headers });

  const ready = [first, second.value];
  options.onStream();
  const source = {
    next: async () => ready.shift() ?? (await slices.next()).value ?? undefined,
    return: () => slices.return(undefined),
  };
  return new Response(new PulledBody(source, options).stream, { headers });
}
