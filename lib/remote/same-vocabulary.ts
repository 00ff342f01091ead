import { z } from "zod";
import { invalidArgument } from "../base/arguments.ts";
import type { LocalEngine } from "../engine/local-engine.ts";
import { CodeLlamaError } from "../errors.ts";
import { tokenIds } from "./answer-schema.ts";
import type { HttpClient } from "./http-client.ts";
import type { RemoteDescription } from "./probe.ts";
import type { Watch } from "./watch.ts";

// Words, blank space, digits and characters that most vocabularies have no piece for.
const sample = "def naïve(x):\n\treturn x ** 1024  # ☺ 漢字\n";

const answerSchema = z.object({ tokens: tokenIds });

/**
 * Tokens of another vocabulary would give nonsense: lets the remote tokenise a sample, where it can.
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
  if (size !== undefined && size !== ours) throw refusal(`${ours} tokens, and the model ${size}`);
  const body = sampleRequest(remote);
  if (body === undefined) return;
  const told = await client
    .post("/tokenize", JSON.stringify(body), watch)
    .catch((error: unknown) => {
      // The route may be closed.
      if (CodeLlamaError.isInstance(error) && error.status === 404) return undefined;
      throw error;
    });
  const answer = answerSchema.safeParse(told);
  if (!answer.success) return;
  const tokens = vocabulary.tokenize(sample, false, false);
  const { tokens: theirs } = answer.data;
  if (tokens.length === theirs.length && theirs.every((id, index) => id === tokens[index])) return;
  throw refusal("other tokens than the model for the same text");
}

function sampleRequest({ kind, modelId }: RemoteDescription): object | undefined {
  if (kind === "vllm") return { model: modelId, prompt: sample, add_special_tokens: false };
  if (kind !== "llama-server" && kind !== "node-codellama") return undefined;
  return { content: sample, add_special: false };
}

function refusal(difference: string): Error {
  return invalidArgument(
    `CodeLlama.connect(): tokenizer: this vocabulary is not the remote model's: it has ${difference}`,
  );
}
