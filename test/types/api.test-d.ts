import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
  type Chunk,
  CodeLlama,
  type CodeLlamaError,
  type ConnectOptions,
  type GenerateOptions,
  type Generation,
  type GenerationResult,
  type LoadOptions,
  type SendOptions,
  type SessionResult,
  type StandardSchema,
  type StructuredResult,
} from "../../lib/index.ts";

declare const llama: CodeLlama;

test("a Generation is awaited for a result and iterated for chunks", () => {
  const generation = llama.generate("def");
  expectTypeOf(generation).toEqualTypeOf<Generation>();
  expectTypeOf<Awaited<Generation>>().toEqualTypeOf<GenerationResult>();
  expectTypeOf(generation[Symbol.asyncIterator]().next()).resolves.toEqualTypeOf<
    IteratorResult<Chunk, void>
  >();
  expectTypeOf(generation.textStream).toEqualTypeOf<ReadableStream<string>>();
});

test("a prompt is text or tokens", () => {
  expectTypeOf(llama.generate).parameter(0).toEqualTypeOf<string | Int32Array>();
  expectTypeOf(llama.tokenize("x")).toEqualTypeOf<Int32Array>();
});

test("misspelt and mistyped options do not compile", () => {
  // @ts-expect-error
  llama.generate("x", { max_tokens: 5 });
  // @ts-expect-error
  llama.generate("x", { temperature: "hot" });
  // @ts-expect-error
  llama.generate("x", { priority: "high" });
  expectTypeOf<{ kvCacheType: "q8_0" }>().toExtend<LoadOptions>();
  expectTypeOf<{ logitBias: Map<number, number> }>().toExtend<GenerateOptions>();
});

test("a schema of a library types the value", () => {
  const jsonSchema = z.object({
    name: z.string(),
    born: z.string().transform((day) => new Date(day)),
  });
  interface Person {
    name: string;
    born: Date;
  }
  expectTypeOf(llama.generate("x", { jsonSchema })).toEqualTypeOf<
    Generation<StructuredResult<Person>>
  >();
  expectTypeOf(llama.chat([], { jsonSchema }).result).resolves.toHaveProperty("value");
  type Sent = SessionResult & StructuredResult<Person>;
  const sent = llama.session().send("x", { jsonSchema });
  expectTypeOf<Awaited<typeof sent>>().toEqualTypeOf<Sent>();
  expectTypeOf<Sent["value"]>().toEqualTypeOf<Person | undefined>();
  expectTypeOf<NonNullable<StructuredResult<Person>["choices"]>[number]["value"]>().toEqualTypeOf<
    Person | undefined
  >();
  type Own = StandardSchema<string, 7>;
  expectTypeOf(llama.generate("x", { jsonSchema: {} as Own }).result).resolves.toEqualTypeOf<
    StructuredResult<7>
  >();
});

test("the value of a plain JSON schema is unknown", () => {
  expectTypeOf(llama.generate("x", { jsonSchema: { type: "string" } })).toEqualTypeOf<
    Generation<StructuredResult>
  >();
  expectTypeOf(llama.generate("x", {} as GenerateOptions)).toEqualTypeOf<Generation>();
  expectTypeOf(llama.session().send("x", {} as SendOptions)).toEqualTypeOf<
    Generation<SessionResult>
  >();
  // @ts-expect-error
  llama.generate("x", { jsonSchema: {}, max_tokens: 5 });
});

test("results are read-only", () => {
  expectTypeOf<GenerationResult["finishReason"]>().toEqualTypeOf<
    "stop" | "length" | "repetition" | "timeout" | "abort"
  >();
  // @ts-expect-error
  (({}) as GenerationResult).text = "";
});

test("a remote engine is a CodeLlama", () => {
  expectTypeOf(CodeLlama.connect).returns.resolves.toEqualTypeOf<CodeLlama>();
  expectTypeOf(CodeLlama.connect).parameter(0).toEqualTypeOf<string | URL>();
  expectTypeOf<{ apiKey: string; tokenizer: string; kind: "vllm" }>().toExtend<ConnectOptions>();
  // @ts-expect-error
  CodeLlama.connect("http://127.0.0.1:8080", { kind: "unheard-of" });
  // @ts-expect-error
  CodeLlama.connect("http://127.0.0.1:8080", { api_key: "x" });
  expectTypeOf<CodeLlamaError["status"]>().toEqualTypeOf<number | undefined>();
});

test("an error's code is a closed union", () => {
  expectTypeOf<"CLOSED">().toExtend<CodeLlamaError["code"]>();
  // @ts-expect-error
  (({}) as CodeLlamaError).code === "OOPS";
});
