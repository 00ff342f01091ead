import type { Compiled, EngineCall } from "../engine/port.ts";
import { addon, type NativeTextStop } from "../native/binding.ts";

/**
 * Finds the stop conditions that no server knows: patterns and `stopAt`. Undefined if the call has
 * none. The server finds stop texts, and this process as well, so that the earliest match wins.
 * @throws CodeLlamaError `ADDON_MISSING`
 */
export function newStop({
  stop,
  stopPatterns = [],
  dedentBelow,
}: Pick<EngineCall, "stop" | "dedentBelow"> & Compiled): NativeTextStop | undefined {
  if (stopPatterns.length === 0 && dedentBelow === undefined) return undefined;
  return addon().newTextStop({ stop: stop ?? [], stopPatterns, ...given(dedentBelow) });
}

function given(dedentBelow: string | undefined): { readonly dedentBelow?: string } {
  return dedentBelow === undefined ? {} : { dedentBelow };
}
