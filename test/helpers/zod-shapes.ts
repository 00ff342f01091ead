import { z } from "zod";

/** A comment with `depth` levels of replies. With endless levels, the model sometimes never ends. */
function comment(depth: number): z.ZodObject {
  const text = z.string().max(6);
  return depth === 0
    ? z.object({ text })
    : z.object({ text, replies: z.array(comment(depth - 1)).max(2) });
}

/** Ten shapes of structured output, as applications use them. Their texts are short. */
export const zodShapes = {
  dates: z.object({
    created: z.iso.datetime({ precision: 0 }),
    day: z.iso.date(),
    at: z.iso.time({ precision: 0 }),
  }),
  enums: z.object({
    status: z.enum(["open", "in progress", "done"]),
    priority: z.literal([1, 2, 3]),
    urgent: z.boolean(),
  }),
  "nested arrays": z.object({ rows: z.array(z.array(z.int().min(0).max(9)).max(3)).max(3) }),
  unions: z.object({
    value: z.union([z.string().max(8), z.int().min(0).max(99), z.null()]),
    unit: z.union([z.object({ code: z.enum(["m", "s"]) }), z.literal("none")]),
  }),
  records: z.object({
    scores: z.record(z.enum(["red", "green"]), z.int().min(0).max(9)),
    notes: z.partialRecord(z.enum(["a", "b"]), z.string().max(6)),
  }),
  optional: z.object({
    name: z.string().min(1).max(8),
    nick: z.string().max(8).optional(),
    mail: z.email().max(20).nullable(),
  }),
  recursive: comment(3),
  tuples: z.object({ point: z.tuple([z.string().max(6), z.int().min(0).max(9), z.boolean()]) }),
  "bounded numbers": z.object({
    age: z.int().min(0).max(150),
    ratio: z.number().min(0).max(1).multipleOf(0.01),
    above: z.int().gt(10).lt(20),
  }),
  "discriminated unions": z.object({
    shape: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("circle"), radius: z.int().min(1).max(9) }),
      z.object({
        kind: z.literal("box"),
        sides: z.tuple([z.int().min(1).max(9), z.int().min(1).max(9)]),
      }),
    ]),
  }),
} as const;
