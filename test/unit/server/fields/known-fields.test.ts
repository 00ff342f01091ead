import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { chatCompletionSchema } from "../../../../lib/server/fields/chat-body.ts";
import { completionSchema } from "../../../../lib/server/fields/completion-body.ts";
import { embeddingSchema } from "../../../../lib/server/fields/embedding-body.ts";
import { infillSchema } from "../../../../lib/server/fields/infill-body.ts";
import { knownFields } from "../../../../lib/server/fields/known-fields.ts";
import { resolveFields } from "../../../../lib/server/fields/resolve-fields.ts";
import { detokenizeSchema, tokenizeSchema } from "../../../../lib/server/fields/token-bodies.ts";
import { hostileJsonTexts } from "../../../helpers/hostile-json.ts";

const schemas: Readonly<Record<string, z.ZodObject>> = {
  "/v1/completions": completionSchema,
  "/v1/chat/completions": chatCompletionSchema,
  "/v1/embeddings": embeddingSchema,
  "/infill": infillSchema,
  "/tokenize": tokenizeSchema,
  "/detokenize": detokenizeSchema,
  "/apply-template": chatCompletionSchema,
};
const routes = Object.keys(schemas);
const ownFields = (route: string) => new Set(Object.keys(schemas[route]?.shape ?? {}));

function resolved(route: string, body: object) {
  return resolveFields(body, route, ownFields(route)).body;
}

// Fields that change an answer, from the source of each server.
const fieldsOfServers = {
  openai:
    "audio best_of echo frequency_penalty function_call functions logit_bias logprobs " +
    "max_completion_tokens max_tokens modalities moderation n parallel_tool_calls presence_penalty " +
    "reasoning_effort response_format seed stop stream suffix temperature tool_choice tools " +
    "top_logprobs top_p verbosity web_search_options dimensions encoding_format",
  "llama-server":
    "cache_prompt n_predict n_indent n_cmpl t_max_predict_ms response_fields top_k top_p min_p " +
    "top_n_sigma xtc_probability xtc_threshold typical_p temperature dynatemp_range repeat_last_n " +
    "repeat_penalty frequency_penalty presence_penalty dry_multiplier dry_base dry_allowed_length " +
    "dry_penalty_last_n mirostat mirostat_tau mirostat_eta adaptive_target seed n_probs min_keep " +
    "post_sampling_probs lora dry_sequence_breakers json_schema grammar grammar_lazy reasoning_format " +
    "generation_prompt parse_tool_calls continue_final_message grammar_triggers " +
    "reasoning_budget_tokens logit_bias ignore_eos stop samplers chat_template_kwargs return_tokens " +
    "add_generation_prompt thinking_budget_tokens embd_normalize id_slot n_keep",
  vllm:
    "use_beam_search top_k min_p repetition_penalty length_penalty stop_token_ids " +
    "include_stop_str_in_output ignore_eos min_tokens skip_special_tokens truncate_prompt_tokens " +
    "prompt_logprobs logprob_token_ids allowed_token_ids bad_words echo add_generation_prompt " +
    "continue_final_message add_special_tokens documents chat_template chat_template_kwargs " +
    "structured_outputs guided_json guided_regex guided_choice guided_grammar " +
    "guided_whitespace_pattern priority return_tokens_as_token_ids return_token_ids cache_salt " +
    "thinking_token_budget repetition_detection prompt_embeds watermarking vllm_xargs normalize",
  ollama:
    "num_predict options format system template context images think suffix raw truncate num_ctx " +
    "penalize_newline tfs_z",
  tgi:
    "inputs parameters max_new_tokens do_sample return_full_text details decoder_input_details " +
    "top_n_tokens watermark adapter_id stop_sequences truncate",
};

test.each(Object.entries(fieldsOfServers))("every field of %s is known", (_, names) => {
  expect(names.split(" ").filter((name) => !knownFields.has(name))).toEqual([]);
});

test.each(routes)("every field of %s is known, so no other route ignores it silently", (route) => {
  expect([...ownFields(route)].filter((name) => !knownFields.has(name))).toEqual([]);
});

test.each([...knownFields])("%s maps to a field of a route, or to nothing", (_, known) => {
  const { renames } = known as { readonly renames?: string };
  const { holds } = known as { readonly holds?: Readonly<Record<string, string>> | string };
  const names = [renames, ...(typeof holds === "object" ? Object.values(holds) : [])];
  for (const name of names) if (name !== undefined) expect(knownFields.has(name)).toBe(true);
});

describe("names of other servers", () => {
  test.each([
    ["/v1/chat/completions", { n_predict: 0 }, { max_tokens: 0 }],
    ["/v1/chat/completions", { max_completion_tokens: 5 }, { max_tokens: 5 }],
    ["/v1/completions", { num_predict: -1 }, { max_tokens: -1 }],
    ["/v1/completions", { n_predict: null }, { max_tokens: null }],
    ["/v1/completions", { max_tokens: null, n_predict: 5 }, { max_tokens: 5 }],
    ["/v1/completions", { n_predict: 5, max_tokens: null }, { max_tokens: 5 }],
    ["/infill", { max_new_tokens: 7, n_cmpl: 2 }, { max_tokens: 7, n: 2 }],
    ["/v1/completions", { n_probs: 3 }, { logprobs: 3 }],
    ["/v1/chat/completions", { n_probs: 3 }, { logprobs: true, top_logprobs: 3 }],
    ["/v1/completions", { n_probs: 0 }, {}],
    ["/v1/completions", { repetition_penalty: 1.2 }, { repeat_penalty: 1.2, repeat_last_n: -1 }],
    [
      "/v1/completions",
      { repetition_penalty: 1, repeat_last_n: 8 },
      { repeat_penalty: 1, repeat_last_n: 8 },
    ],
    ["/v1/chat/completions", { guided_json: '{"type":"null"}' }, { json_schema: { type: "null" } }],
    ["/v1/chat/completions", { guided_json: null, guided_choice: null }, {}],
    ["/v1/chat/completions", { guided_grammar: 'root ::= "a"' }, { grammar: 'root ::= "a"' }],
    [
      "/v1/completions",
      { guided_choice: ["a", 'b "c"\\', "d\n"] },
      { grammar: 'root ::= "a" | "b \\"c\\"\\\\" | "d\\x0a"' },
    ],
    ["/v1/completions", { structured_outputs: { choice: ["a"] } }, { grammar: 'root ::= "a"' }],
    ["/v1/completions", { structured_outputs: { regex: "a+" } }, { regex: "a+" }],
    ["/v1/chat/completions", { guided_regex: "a+" }, { regex: "a+" }],
    [
      "/v1/completions",
      { structured_outputs: { json_object: true, json: null } },
      { response_format: { type: "json_object" } },
    ],
    ["/v1/completions", { format: "json" }, { response_format: { type: "json_object" } }],
    ["/v1/completions", { format: { type: "null" } }, { json_schema: { type: "null" } }],
    [
      "/v1/completions",
      { options: { num_predict: 3, temperature: 0, num_ctx: 2048 } },
      { max_tokens: 3, temperature: 0 },
    ],
    ["/v1/completions", { parameters: { stop_sequences: ["x"] } }, { stop: ["x"] }],
    ["/v1/completions", { unheard_of: 1, constructor: 2, toString: 3 }, {}],
    ["/v1/completions", { user: "x", store: true, id_slot: 0 }, {}],
    ["/infill", { samplers: ["top_k", "infill"], prompt: "x" }, { prompt: "x" }],
  ])("%s: %j is %j", (route, body, expected) => {
    expect(resolved(route, body)).toEqual(expected);
  });

  test.each(["text", 5, null, [1], true])(
    "does not change a body that is not an object: %j",
    (body) => {
      expect(resolveFields(body, "/infill", ownFields("/infill")).body).toBe(body);
    },
  );

  test("names a field like the client did", () => {
    const body = { options: { num_predict: "x" }, guided_json: {} };
    const { sentAs } = resolveFields(body, "/v1/completions", ownFields("/v1/completions"));
    expect(sentAs(["max_tokens"])).toEqual(["options.num_predict"]);
    expect(sentAs(["json_schema", "a", 0])).toEqual(["guided_json", "a", 0]);
    expect(sentAs(["prompt", 1])).toEqual(["prompt", 1]);
    expect(sentAs([])).toEqual([]);
  });
});

describe("rejects by name", () => {
  test.each([
    ["/v1/chat/completions", { functions: [{ name: "f" }] }, "functions", "use tools"],
    ["/v1/chat/completions", { function_call: { name: "f" } }, "function_call", "use tool_choice"],
    ["/infill", { guided_regex: "a+" }, "guided_regex", "not supported"],
    ["/v1/chat/completions", { ignore_eos: true }, "ignore_eos", "not supported"],
    ["/v1/chat/completions", { suffix: "x" }, "suffix", "not supported"],
    ["/v1/chat/completions", { echo: true }, "echo", "not supported"],
    ["/v1/completions", { messages: [] }, "messages", "not supported"],
    ["/v1/completions", { tools: [{}] }, "tools", "not supported"],
    ["/v1/completions", { min_tokens: 4 }, "min_tokens", "not supported"],
    ["/v1/completions", { add_special_tokens: false }, "add_special_tokens", "not supported"],
    ["/v1/completions", { samplers: ["top_k"] }, "samplers", "not supported"],
    ["/v1/completions", { options: { min_keep: 1 } }, "options.min_keep", "not supported"],
    ["/v1/completions", { options: { options: {} } }, "options.options", "in the body itself"],
    ["/v1/completions", { options: 5 }, "options", "must be an object"],
    [
      "/v1/completions",
      { structured_outputs: { structural_tag: "a" } },
      "structured_outputs.structural_tag",
      "not",
    ],
    ["/v1/completions", { guided_json: "{" }, "guided_json", "JSON"],
    ["/v1/completions", { guided_choice: [] }, "guided_choice", "1 to 1000"],
    ["/v1/completions", { guided_choice: ["a", 5] }, "guided_choice", "strings"],
    ["/infill", { guided_json: {} }, "guided_json", "not supported"],
    ["/infill", { format: "json" }, "format", "not supported"],
    ["/v1/embeddings", { truncate_prompt_tokens: 5 }, "truncate_prompt_tokens", "not supported"],
    ["/v1/completions", { max_tokens: 16, n_predict: 0 }, "n_predict", "contradicts max_tokens"],
    [
      "/v1/completions",
      { guided_choice: ["a"], grammar: "x" },
      "grammar",
      "contradicts guided_choice",
    ],
    [
      "/v1/chat/completions",
      { max_tokens: 1, options: { num_predict: 2 } },
      "options.num_predict",
      "contradicts max_tokens",
    ],
  ])("%s: %j names %s", (route, body, field, message) => {
    expect(() => resolved(route, body)).toThrow(
      expect.objectContaining({
        status: 400,
        code: "INVALID_ARGUMENT",
        field,
        message: expect.stringContaining(message),
      }),
    );
  });

  test.each([
    ["/v1/chat/completions", { functions: [], function_call: "none", echo: false, suffix: null }],
    ["/v1/chat/completions", { modalities: ["text"], reasoning_format: "auto", min_tokens: 0 }],
    ["/v1/completions", { add_special_tokens: true, tools: [], chat_template_kwargs: {} }],
    ["/v1/completions", { top_n_sigma: -1, adaptive_target: -1, length_penalty: 1, format: "" }],
    ["/infill", { n_probs: 0, grammar: "", json_schema: null, ignore_eos: false }],
  ])("%s: accepts %j, which has no effect", (route, body) => {
    expect(Object.values(resolved(route, body) as object).filter((value) => value != null)).toEqual(
      [],
    );
  });

  test.each(routes)("%s: maps, rejects or ignores any value of any field", (route) => {
    const values = hostileJsonTexts.map((json) => JSON.parse(json) as unknown);
    for (const name of [...knownFields.keys(), "__proto__"]) {
      for (const value of values) {
        try {
          resolved(route, Object.fromEntries([[name, value]]));
        } catch (error) {
          expect(error, name).toMatchObject({ status: 400, field: expect.stringContaining(name) });
        }
      }
    }
    expect(Object.prototype).not.toHaveProperty("polluted");
  });

  test("accepts the same value under two names", () => {
    const body = { max_tokens: 4, n_predict: 4, max_completion_tokens: 4 };
    expect(resolved("/v1/chat/completions", body)).toEqual({ max_tokens: 4 });
  });
});
