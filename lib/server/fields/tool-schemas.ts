import { z } from "zod";

/** A function that the model may call. */
export const toolSchema = z.object({
  type: z.literal("function"),
  function: z.object({
    name: z.string().regex(/^[\w-]{1,64}$/, "must be 1 to 64 letters, digits, _ or -"),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
  }),
});

/** Whether it has to call one, and which. */
export const toolChoiceSchema = z.union(
  [
    z.enum(["none", "auto", "required"]),
    z.object({ type: z.literal("function"), function: z.object({ name: z.string() }) }),
  ],
  { error: 'must be "none", "auto", "required" or { type: "function", function: { name } }' },
);

/** Whether a tool has to be called. */
export function demandsTool(choice: z.output<typeof toolChoiceSchema> | null | undefined): boolean {
  return choice != null && choice !== "none" && choice !== "auto";
}

/** Whether a choice that names a tool names one of these; others name none. */
export function isAmong(
  choice: z.output<typeof toolChoiceSchema> | null | undefined,
  tools: readonly z.output<typeof toolSchema>[] | null | undefined,
): boolean {
  if (choice == null || typeof choice === "string") return true;
  return (tools ?? []).some((tool) => tool.function.name === choice.function.name);
}
