import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { expect, test } from "vitest";
import { CodeLlamaError, type StructuredResult } from "../../../lib/index.ts";
import { heavy } from "../../helpers/event-loop/heavy.ts";
import { Random, seedOfRun } from "../../helpers/random.ts";
import { randomSchema } from "../../helpers/random-schema.ts";
import { useTinyModel } from "../../helpers/tiny-model.ts";

// Random schemas and random texts: every finished text is valid. NODE_CODELLAMA_SCHEMA_TEXTS=10000 is
// a long run; NODE_CODELLAMA_TEST_SEED repeats one.
const texts = Number(process.env.NODE_CODELLAMA_SCHEMA_TEXTS ?? 300) / 2;
const atOnce = 4;
const shared = useTinyModel({ parallel: atOnce, contextSize: 512 });

/** Generates one text. Undefined if no value meets the schema. */
async function generate(schema: object, random: Random): Promise<StructuredResult | undefined> {
  try {
    return await shared.llama.generate("x = ", {
      jsonSchema: schema,
      compact: random.below(2) === 0,
      temperature: 5,
      topP: 1,
      seed: random.below(2 ** 30),
      maxTokens: 120,
    });
  } catch (error) {
    if (CodeLlamaError.isInstance(error) && /no value meets/.test(error.message)) return undefined;
    throw new Error(`${error}\n${JSON.stringify(schema)}`, { cause: error });
  }
}

function faultOf(schema: object, text: string): string | undefined {
  const ajv = addFormats.default(new Ajv2020({ strict: false }));
  const validate = ajv.compile(schema);
  return validate(JSON.parse(text)) ? undefined : ajv.errorsText(validate.errors);
}

test.each([1, seedOfRun()])(
  "every finished text is valid (seed %i)",
  { timeout: 300_000 + texts * 1000 },
  async (seed) => {
    const random = new Random(seed);
    let finished = 0;
    let started = 0;
    async function work() {
      while (finished < texts && started < 10 * texts) {
        started++;
        const schema = randomSchema(random);
        const result = await generate(schema, random);
        if (result?.finishReason !== "stop") continue;
        finished++;
        const { text } = result;
        const fault = heavy("ajv compiles a schema", () => faultOf(schema, text));
        expect(fault, `${text}\n${JSON.stringify(schema)}`).toBeUndefined();
      }
    }
    await Promise.all(Array.from({ length: atOnce }, work));
    expect(finished).toBeGreaterThanOrEqual(texts);
  },
);
