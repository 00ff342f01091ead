import { types } from "node:util";
import { z } from "zod";
import type { EngineCall } from "../../engine/port.ts";
import { listOf, vector } from "../answer-schema.ts";
import type { RemoteExchange, RemoteFacts } from "./dialect.ts";
import { readUsage, usageSchema } from "./usage.ts";

const answerSchema = z.object({
  data: listOf(z.object({ embedding: vector })),
  usage: usageSchema.nullish(),
});

/** Requests the embedding of a text: `POST /v1/embeddings`. */
export function embeddingExchange(
  { prompt }: EngineCall,
  _fields: object,
  { modelId }: RemoteFacts,
): RemoteExchange {
  const input = types.isInt32Array(prompt) ? [...prompt] : "text" in prompt ? prompt.text : "";
  return {
    path: "/v1/embeddings",
    streams: false,
    body: { model: modelId, input, encoding_format: "float" },
    read(answer) {
      const { success, data } = answerSchema.safeParse(answer);
      const [first] = data?.data ?? [];
      if (!success || first === undefined || data.data.length > 1) return undefined;
      return {
        text: "",
        tokens: [],
        embedding: Float32Array.from(first.embedding),
        finish: { reason: "stop", stopString: "" },
        usage: readUsage(data.usage),
      };
    },
  };
}

/**
 * Pooling is set when the remote server starts, so a request cannot choose it. `"mean"`, the default,
 * accepts the server's setting.
 */
export function serverPooling(pooling: "mean" | "last"): object | undefined {
  return pooling === "mean" ? {} : undefined;
}
