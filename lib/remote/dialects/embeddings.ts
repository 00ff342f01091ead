import { z } from "zod";
import type { EngineCall } from "../../generation.ts";
import type { RemoteExchange, RemoteFacts } from "./dialect.ts";
import { readUsage, usageSchema } from "./usage.ts";

const answerSchema = z.object({
  data: z.array(z.object({ embedding: z.array(z.number()) })).length(1),
  usage: usageSchema.nullish(),
});

/** A text's vector: `POST /v1/embeddings`. */
export function embeddingExchange(
  { prompt }: EngineCall,
  _fields: object,
  { modelId }: RemoteFacts,
): RemoteExchange {
  const input = prompt instanceof Int32Array ? [...prompt] : "text" in prompt ? prompt.text : "";
  return {
    path: "/v1/embeddings",
    streams: false,
    body: { model: modelId, input, encoding_format: "float" },
    read(answer) {
      const { success, data } = answerSchema.safeParse(answer);
      if (!success) return undefined;
      return {
        text: "",
        tokens: [],
        embedding: Float32Array.from(data.data[0]?.embedding ?? []),
        finish: { reason: "stop", stopString: "" },
        usage: readUsage(data.usage),
      };
    },
  };
}

/** How a remote pools is set where it is started: `"mean"`, the default here, stands for that. */
export function serverPooling(pooling: "mean" | "last"): object | undefined {
  return pooling === "mean" ? {} : undefined;
}
