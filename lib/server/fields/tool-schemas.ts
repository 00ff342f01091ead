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

/** Whether the model must call a tool, and which one. */
export const toolChoiceSchema = z.union(
  [
    z.enum(["none", "auto", "required"]),
    z.object({ type: z.literal("function"), function: z.object({ name: z.string() }) }),
  ],
  { error: 'must be "none", "auto", "required" or { type: "function", function: { name } }' },
);

/** Whether the model must call a tool. */
export function demandsTool(choice: z.output<typeof toolChoiceSchema> | null | undefined): boolean {
  return choice != null && choice !== "none" && choice !== "auto";
}

/** Whether a choice names no tool, or one of these tools. */
export function isAmong(
  choice: z.output<typeof toolChoiceSchema> | null | undefined,
  tools: readonly z.output<typeof toolSchema>[] | null | undefined,
): boolean {
  if (choice == null || typeof choice === "string") return true;
  return (tools ?? []).some((tool) => tool.function.name === choice.function.name);
}
