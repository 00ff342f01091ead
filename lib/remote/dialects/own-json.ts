import type { JsonStructure, Structure } from "../../options/structure.ts";

/** Name of an option that only node-codellama has. Undefined if the structure does not use one. */
export function ownJsonOption(structure: Structure): "compact" | "lenient" | undefined {
  if (structure.kind !== "jsonSchema") return undefined;
  if (structure.lenient) return "lenient";
  return structure.compact ? "compact" : undefined;
}

/** Fields of node-codellama for these options. */
export function ownJsonFields({ compact, lenient }: JsonStructure): object {
  return { ...(compact && { compact_json: true }), ...(lenient && { lenient_schema: true }) };
}
