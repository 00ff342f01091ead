import { fromNative } from "../errors.ts";
import { addon } from "./binding.ts";
import type { DeviceInfo } from "./device-info.ts";

/**
 * Lists the devices of this machine that llama.cpp can compute on.
 * @throws CodeLlamaError `ADDON_MISSING`
 */
export async function listDevices(): Promise<readonly DeviceInfo[]> {
  return addon()
    .devices()
    .catch((error: unknown) => {
      throw fromNative(error);
    });
}
