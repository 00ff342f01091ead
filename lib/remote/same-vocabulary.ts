import { z } from "zod";
import { invalidArgument } from "../base/arguments.ts";
import type { LocalEngine } from "../engine/local-engine.ts";
import { CodeLlamaError } from "../errors.ts";
import { tokenIds } from "./answer-schema.ts";
import type { HttpClient } from "./http-client.ts";
import type { RemoteDescription } from "./probe.ts";
import type { Watch } from "./watch.ts";

// Words, white space, digits and characters that most vocabularies do not contain.
const sample = "def naïve(x):\n\treturn x ** 1024  # ☺ 漢字\n";

const answerSchema = z.object({ tokens: tokenIds });

/**
 * Checks that the remote model has this vocabulary, because tokens of another one mean other text.
 * Compares the sizes and, if the server has a route for it, the tokens of a sample.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export async function requireSameVocabulary(
  client: HttpClient,
  remote: RemoteDescription,
  vocabulary: LocalEngine,
  watch: Watch,
): Promise<void> {
  const { vocabularySize: size } = remote;
  const { vocabularySize: ours } = vocabulary.model;
  if (size !== undefined && size !== ours) {
    throw wrongVocabulary(`it has ${ours} tokens, the model has ${size}`);
  }
  const body = sampleRequest(remote);
  if (body === undefined) return;
  const response = await client
    .post("/tokenize", JSON.stringify(body), watch)
    .catch((error: unknown) => {
      // The server may have disabled the route.
      if (CodeLlamaError.isInstance(error) && error.status === 404) return undefined;
      throw error;
    });
  const answer = answerSchema.safeParse(response);
  if (!answer.success) return;
  const tokens = vocabulary.tokenize(sample, false, false);
  const { tokens: theirs } = answer.data;
  if (tokens.length === theirs.length && theirs.every((id, index) => id === tokens[index])) return;
  throw wrongVocabulary("it encodes the same text to other tokens");
}

function sampleRequest({ kind, modelId }: RemoteDescription): object | undefined {
  if (kind === "vllm") return { model: modelId, prompt: sample, add_special_tokens: false };
  if (kind !== "llama-server" && kind !== "node-codellama") return undefined;
  return { content: sample, add_special: false };
}

function wrongVocabulary(difference: string): Error {
  return invalidArgument(
    `CodeLlama.connect(): tokenizer must have the vocabulary of the remote model (${difference})`,
  );
}
