import { z } from "zod";
import type { CodeLlama } from "../../codellama.ts";
import { planTools, supportsTools, type ToolPlan } from "../../tools/plan.ts";
import { messageSchema } from "./chat-messages.ts";
import { generationFields } from "./sampling.ts";
import { checkOneStructure, structureFields } from "./structure-fields.ts";
import { demandsTool, isAmong, toolChoiceSchema, toolSchema } from "./tool-schemas.ts";

/** Body of `POST /v1/chat/completions` and `POST /apply-template`. Fields with other names: see `knownFields`. */
export const chatCompletionSchema = z
  .object({
    ...generationFields,
    ...structureFields,
    messages: z.array(messageSchema).min(1),
    logprobs: z.boolean().nullish(),
    top_logprobs: z.int().min(0).max(100).nullish(),
    tools: z.array(toolSchema).max(128).nullish(),
    tool_choice: toolChoiceSchema.nullish(),
    /** false = keeps only the first tool call of an answer. */
    parallel_tool_calls: z.boolean().nullish(),
  })
  .superRefine(checkOneStructure)
  .refine(({ tools, tool_choice }) => (tools ?? []).length > 0 || !demandsTool(tool_choice), {
    path: ["tool_choice"],
    error: "demands a tool, and there are no tools",
  })
  .refine(({ tools, tool_choice }) => (tools ?? []).length === 0 || isAmong(tool_choice, tools), {
    path: ["tool_choice"],
    error: "names none of the tools",
  })
  .refine(({ logprobs, top_logprobs }) => logprobs === true || !top_logprobs, {
    path: ["top_logprobs"],
    error: "needs logprobs: true",
  });

export type ChatBody = z.output<typeof chatCompletionSchema>;

/** How the tools of a chat change its prompt and its answer. */
export function toolPlan(body: ChatBody, llama: CodeLlama): ToolPlan {
  const plan = planTools(body.tools ?? [], body.tool_choice ?? "auto", supportsTools(llama));
  if (body.parallel_tool_calls !== false) return plan;
  const parseCalls = (text: string) => {
    const parsed = plan.parseCalls(text);
    return parsed && { ...parsed, calls: parsed.calls.slice(0, 1) };
  };
  return { ...plan, parseCalls };
}
