import { beforeEach, describe, expect, test, vi } from "vitest";
import tasks from "../../../models/codellama-tiny/tasks.json" with { type: "json" };
import { jsonOf, startTinyServer, useTinyServer } from "../../helpers/server.ts";

const warn = vi.fn<(fields: object, message: string) => void>();
const logger = { info: () => {}, warn, error: () => {} };
const shared = useTinyServer({ logger });
const header = "x-node-codellama-warning";

const hole = tasks.infill.find(
  ({ order, prefix }) => order === "prefix-suffix-middle" && !/\s$/.test(prefix),
);
if (hole === undefined) throw new Error("the model knows no infill of this order");
const { prefix, suffix, middle } = hole;

beforeEach(() => warn.mockClear());

async function complete(prompt: string, body: object = {}) {
  const request = { prompt, temperature: 0, max_tokens: 100, ...body };
  const response = await shared.server.post("/v1/completions", request);
  expect(response.status).toBe(200);
  const { choices, usage } = await jsonOf(response);
  return {
    text: choices[0].text,
    tokens: usage.prompt_tokens,
    warning: response.headers.get(header),
  };
}

describe("a prompt with infill marks is an infill", () => {
  test.each([
    ["Code Llama", `<PRE> ${prefix} <SUF>${suffix} <MID>`],
    ["StarCoder", `<fim_prefix>${prefix}<fim_suffix>${suffix}<fim_middle>`],
    ["Qwen", `<|fim_prefix|>${prefix}<|fim_suffix|>${suffix}<|fim_middle|>`],
    ["DeepSeek", `<｜fim▁begin｜>${prefix}<｜fim▁hole｜>${suffix}<｜fim▁end｜>`],
  ])("in the format of %s", async (_, prompt) => {
    const exact = shared.server.llama.encodeInfill({ prefix, suffix, order: "psm" });
    expect(await complete(prompt)).toEqual({ text: middle, tokens: exact.length, warning: null });
    expect(warn).not.toHaveBeenCalled();
  });

  test.each([
    ["Code Llama", `<PRE> <SUF>${suffix} <MID> ${prefix}`],
    ["StarCoder", `<fim_prefix><fim_suffix>${suffix}<fim_middle>${prefix}`],
    ["Qwen", `<|fim_suffix|>${suffix}<|fim_prefix|>${prefix}<|fim_middle|>`],
  ])("in the format of %s, suffix first", async (_, prompt) => {
    const exact = shared.server.llama.encodeInfill({ prefix, suffix, order: "spm" });
    expect((await complete(prompt)).tokens).toBe(exact.length);
  });

  test("with <FILL_ME>", async () => {
    const { llama } = shared.server;
    const filled = await llama.infill({ prefix, suffix }, { temperature: 0, tokenHealing: false });
    expect((await complete(`${prefix}<FILL_ME>${suffix}`)).text).toBe(filled.text);
  });

  test("with an empty suffix", async () => {
    const exact = shared.server.llama.encodeInfill({ prefix, suffix, order: "psm" });
    const spelled = await complete(`<PRE> ${prefix} <SUF>${suffix} <MID>`, { suffix: "" });
    expect(spelled).toEqual({ text: middle, tokens: exact.length, warning: null });
  });

  test("unless the request has a suffix: then the marks are text and the client is warned", async () => {
    const prompt = `<PRE> ${prefix} <SUF>${suffix} <MID>`;
    expect((await complete(prompt, { suffix })).warning).toBe("infill-marks-as-text");
    expect((await complete(prompt, { suffix, raw: false })).warning).toBeNull();
    expect((await complete(prefix, { suffix })).warning).toBeNull();
  });

  test("in a stream", async () => {
    const body = { prompt: `<PRE> ${prefix} <SUF>${suffix} <MID>`, temperature: 0, stream: true };
    const response = await shared.server.post("/v1/completions", { ...body, max_tokens: 100 });
    const events = (await response.text()).match(/(?<=^data: )\{.*/gm) ?? [];
    expect(events.map((event) => JSON.parse(event).choices[0]?.text ?? "").join("")).toBe(middle);
  });
});

describe("marks that count as text", () => {
  const template = `<PRE> ${prefix} <SUF>${suffix} <MID>`;

  test("appear once in the log and in the headers of each answer", async () => {
    await using server = await startTinyServer({ logger });
    for (const grammar of ['root ::= "a"', 'root ::= "b"']) {
      const body = { prompt: template, max_tokens: 1, grammar };
      for (const stream of [false, true]) {
        const response = await server.post("/v1/completions", { ...body, stream });
        expect(response.headers.get(header)).toBe("infill-marks-as-text");
        await response.text();
      }
    }
    expect(warn).toHaveBeenCalledOnce();
    expect(JSON.stringify(warn.mock.calls)).not.toContain(JSON.stringify(prefix).slice(1, -1));
  });

  test.each([
    ["several holes", "a<FILL_ME>b<FILL_ME>c"],
    ["files before it", `<|repo_name|>r<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>`],
  ])("%s", async (_, prompt) => {
    expect((await complete(prompt, { max_tokens: 1 })).warning).toBe("infill-marks-as-text");
  });

  test("cause no warning if the request wants them as text", async () => {
    const { tokens, warning } = await complete(template, { raw: false, max_tokens: 1 });
    expect(warning).toBeNull();
    expect(tokens).toBe(shared.server.llama.tokenize(template, { bos: true }).length);
  });

  test("cause no warning if they form no infill format", async () => {
    expect((await complete("<PRE> is an element of HTML", { max_tokens: 1 })).warning).toBeNull();
  });
});
