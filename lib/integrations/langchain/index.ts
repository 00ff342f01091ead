export { ChatCodeLlama, type ChatCodeLlamaCallOptions } from "./chat-model.ts";
export { CodeLlamaEmbeddings } from "./embeddings.ts";
export { CodeLlamaLlm, type CodeLlamaLlmCallOptions } from "./llm.ts";
