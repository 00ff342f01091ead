import { boolean, oneOf } from "./check.ts";
import type { OptionTable } from "./table.ts";

/** What a model can do, where its file does not tell it or tells it wrongly. */
export interface CapabilityOptions {
  /** The model fills in the middle. Its vocabulary must have the infill tokens. */
  readonly infill?: boolean;
  /** The model answers a dialog. */
  readonly chat?: boolean;
  /** The model is a Python specialist. */
  readonly python?: boolean;
  /** How a dialog becomes a prompt. `"template"` is the chat template of the file. */
  readonly chatFormat?: "llama-2" | "codellama-70b" | "template";
}

export const capabilityTable = {
  infill: { rule: boolean, doc: "the model fills in the middle" },
  chat: { rule: boolean, doc: "the model answers a dialog" },
  python: { rule: boolean, doc: "the model is a Python specialist" },
  chatFormat: {
    rule: oneOf("llama-2", "codellama-70b", "template"),
    doc: "format dialogs in this way",
  },
} as const satisfies OptionTable<CapabilityOptions>;
