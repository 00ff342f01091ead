import { generateTable } from "../../options/generate.ts";
import { choiceGrammar, schemaOf } from "./guided-fields.ts";
import { fieldEntries } from "./table-fields.ts";

/** Meaning of a field on routes without a field of that name. */
export type KnownField =
  /** Another name of a field. */
  | { readonly renames: string }
  /** The same request in other fields. Null means an absent field. */
  | { readonly means: (value: unknown, route: string) => Readonly<Record<string, unknown>> }
  /** A group of fields, each with its own meaning. */
  | { readonly holds: Readonly<Record<string, string>> | "the same names" }
  /** Values without effect; null never has an effect. The route rejects all other values. */
  | { readonly idle: (value: unknown, route: string) => boolean; readonly advice?: string };

const renames = (name: string): KnownField => ({ renames: name });

/** A field that routes reject unless it has one of these values. */
const refused = (...values: readonly unknown[]): KnownField => ({
  idle: (value) => values.includes(value) || values.some((each) => isEmpty(each, value)),
});

const advised = (advice: string, ...values: readonly unknown[]): KnownField => ({
  ...refused(...values),
  advice,
});

/** A field without effect on this server's answers, whatever its value. */
const harmless: KnownField = { idle: () => true };

/** Whether both are an empty array or an empty object. */
function isEmpty(pattern: unknown, value: unknown): boolean {
  if (typeof pattern !== "object" || typeof value !== "object" || value === null) return false;
  return Array.isArray(pattern) === Array.isArray(value) && Object.keys(value).length === 0;
}

const off = refused(false);
const none = refused();
const noText = refused("");
const noList = refused([]);

/** The fields of the option table, for routes without them. */
const tableOwn: Readonly<Record<string, KnownField>> = Object.fromEntries(
  fieldEntries(generateTable).map(([field, { off }]) => [
    field,
    off === "always" ? harmless : refused(...(off ?? [])),
  ]),
);

/** Fields of some routes, for the routes without them. */
const own: Readonly<Record<string, KnownField>> = {
  model: harmless,
  prompt: none,
  messages: none,
  input: none,
  suffix: none,
  input_prefix: none,
  input_suffix: none,
  input_extra: noList,
  ...tableOwn,
  stream: off,
  stream_options: harmless,
  top_logprobs: refused(0),
  echo: off,
  raw: off,
  return_token_ids: off,
  return_tokens_as_token_ids: off,
  grammar: noText,
  json_schema: none,
  regex: noText,
  response_format: none,
  tools: noList,
  tool_choice: refused("none", "auto"),
  parallel_tool_calls: harmless,
  n_indent: refused(0),
  // llama.vscode sends 1 together with n_predict: 0 to warm up a chat.
  t_max_predict_ms: { idle: (value) => typeof value === "number" && value <= 1 },
  response_fields: noList,
  dimensions: none,
  encoding_format: none,
  content: none,
  tokens: none,
  add_special: harmless,
  parse_special: off,
  with_pieces: off,
};

/** OpenAI's fields: https://platform.openai.com/docs/api-reference/chat/create. */
const openai: Readonly<Record<string, KnownField>> = {
  max_completion_tokens: renames("max_tokens"),
  functions: advised("use tools", []),
  function_call: advised("use tool_choice", "none", "auto"),
  audio: none,
  modalities: { idle: (value) => Array.isArray(value) && value.every((each) => each === "text") },
  moderation: none,
  reasoning_effort: refused("none"),
  verbosity: refused("medium"),
  web_search_options: none,
  metadata: harmless,
  prediction: harmless,
  prompt_cache_key: harmless,
  prompt_cache_options: harmless,
  prompt_cache_retention: harmless,
  safety_identifier: harmless,
  service_tier: harmless,
  store: harmless,
  user: harmless,
};

/** llama-server's fields: its README.md and server-schema.cpp. */
const llamaServer: Readonly<Record<string, KnownField>> = {
  n_predict: renames("max_tokens"),
  n_cmpl: renames("n"),
  n_probs: { means: probabilities },
  post_sampling_probs: off,
  return_tokens: advised("use return_token_ids", false),
  dynatemp_range: refused(0),
  dynatemp_exponent: harmless,
  top_n_sigma: { idle: (value) => typeof value === "number" && value <= 0 },
  adaptive_target: { idle: (value) => typeof value === "number" && value < 0 },
  adaptive_decay: harmless,
  min_keep: refused(0),
  tfs_z: refused(1),
  penalize_nl: refused(true),
  samplers: { idle: isUsualOrder },
  sampler_seq: none,
  backend_sampling: harmless,
  grammar_lazy: off,
  grammar_triggers: noList,
  preserved_tokens: harmless,
  chat_format: none,
  chat_parser: noText,
  generation_prompt: noText,
  parse_tool_calls: refused(true),
  add_generation_prompt: refused(true),
  continue_final_message: off,
  chat_template_kwargs: refused({}),
  reasoning_format: refused("none", "auto"),
  reasoning_control: off,
  reasoning_budget_tokens: refused(-1),
  reasoning_budget_message: noText,
  thinking_budget_tokens: refused(-1),
  embd_normalize: refused(2),
  id_slot: harmless,
  n_keep: harmless,
  n_discard: harmless,
  n_cache_reuse: harmless,
  t_max_prompt_ms: harmless,
  timings_per_token: harmless,
  return_progress: harmless,
  sse_ping_interval: harmless,
  verbose: harmless,
};

/** vLLM's fields: vllm/entrypoints/openai/completion/protocol.py and chat_completion/protocol.py. */
const vllm: Readonly<Record<string, KnownField>> = {
  repetition_penalty: { means: ofWholeText },
  guided_json: { means: (value) => ({ json_schema: schemaOf(value) }) },
  guided_grammar: renames("grammar"),
  guided_choice: { means: (value) => ({ grammar: choiceGrammar(value) }) },
  guided_regex: renames("regex"),
  guided_whitespace_pattern: none,
  guided_decoding_backend: harmless,
  structural_tag: none,
  structured_outputs: {
    holds: {
      json: "guided_json",
      grammar: "guided_grammar",
      choice: "guided_choice",
      regex: "guided_regex",
      json_object: "guided_json_object",
      structural_tag: "structural_tag",
      whitespace_pattern: "guided_whitespace_pattern",
      disable_any_whitespace: "compact_json",
    },
  },
  guided_json_object: {
    means: (value) => (value === true ? { response_format: { type: "json_object" } } : {}),
  },
  use_beam_search: off,
  length_penalty: refused(1),
  include_stop_str_in_output: off,
  min_tokens: refused(0),
  skip_special_tokens: refused(true),
  spaces_between_special_tokens: harmless,
  truncate_prompt_tokens: none,
  truncation_side: harmless,
  allowed_token_ids: noList,
  bad_words: noList,
  logits_processors: noList,
  logprob_token_ids: noList,
  prompt_logprobs: none,
  prompt_embeds: none,
  add_special_tokens: { idle: (value, route) => value === (route === "/v1/completions") },
  chat_template: noText,
  documents: noList,
  cache_salt: none,
  include_reasoning: harmless,
  thinking_token_budget: refused(-1),
  repetition_detection: none,
  return_prompt_text: off,
  mm_processor_kwargs: refused({}),
  media_io_kwargs: refused({}),
  kv_transfer_params: refused({}),
  ec_transfer_params: refused({}),
  vllm_xargs: refused({}),
  normalize: refused(true),
  watermarking: off,
  request_id: harmless,
  session_id: harmless,
  stream_interval: harmless,
  return_token_offsets: harmless,
  return_mm_kwargs: harmless,
  routed_experts_prompt_start: harmless,
};

/** Ollama's fields: docs/api.md and api/types.go. */
const ollama: Readonly<Record<string, KnownField>> = {
  num_predict: renames("max_tokens"),
  options: { holds: "the same names" },
  format: { means: ollamaFormat },
  system: noText,
  template: noText,
  context: noList,
  images: noList,
  think: off,
  penalize_newline: refused(true),
  truncate: off,
  keep_alive: harmless,
  num_ctx: harmless,
  num_batch: harmless,
  num_gpu: harmless,
  num_keep: harmless,
  num_thread: harmless,
  main_gpu: harmless,
  use_mmap: harmless,
  numa: harmless,
};

/** TGI's fields: router/src/lib.rs, GenerateParameters. */
const tgi: Readonly<Record<string, KnownField>> = {
  inputs: none,
  parameters: { holds: "the same names" },
  max_new_tokens: renames("max_tokens"),
  stop_sequences: renames("stop"),
  do_sample: none,
  return_full_text: off,
  details: off,
  decoder_input_details: off,
  top_n_tokens: refused(0),
  watermark: off,
  adapter_id: noText,
  tool_prompt: noText,
};

/**
 * All fields known from OpenAI, llama-server, vLLM, Ollama or TGI, by name. A route reads its own
 * fields. A known field of another name is mapped to them, rejected by name, or ignored as harmless.
 */
export const knownFields: ReadonlyMap<string, KnownField> = new Map(
  Object.entries({ ...tgi, ...ollama, ...vllm, ...llamaServer, ...openai, ...own }),
);

// The order of this server, and llama-server's defaults: clients send them without meaning them.
const usualOrders = new Set([
  "",
  "edkypmxt",
  "edskypmxt",
  "penalties;dry;top_k;typ_p;top_p;min_p;xtc;temperature",
  "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature",
  "penalties;dry;temperature;top_k;typ_p;top_p;min_p;xtc",
]);

/** Whether `samplers` is an order that clients send by default. Editors send llama-server's infill order. */
function isUsualOrder(value: unknown, route: string): boolean {
  if (route === "/infill") return true;
  if (typeof value === "string") return usualOrders.has(value);
  const isList = Array.isArray(value) && value.every((each) => typeof each === "string");
  return isList && usualOrders.has(value.join(";"));
}

/** vLLM's penalty on the whole text. 1 is off. */
function ofWholeText(penalty: unknown): Readonly<Record<string, unknown>> {
  return { repeat_penalty: penalty, ...(penalty !== 1 && { repeat_last_n: -1 }) };
}

/** llama-server's number of likely tokens, as OpenAI's fields of the route. */
function probabilities(count: unknown, route: string): Readonly<Record<string, unknown>> {
  if (count === 0) return {};
  return route === "/v1/completions"
    ? { logprobs: count }
    : { logprobs: true, top_logprobs: count };
}

function ollamaFormat(value: unknown): Readonly<Record<string, unknown>> {
  if (value === "") return {};
  if (value === "json") return { response_format: { type: "json_object" } };
  return { json_schema: value };
}
