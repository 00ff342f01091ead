import { expect, test, vi } from "vitest";
import { createEventHandler, type EngineListener } from "../../../lib/engine/events.ts";
import { EngineRequest } from "../../../lib/engine/request.ts";
import type { NativeEngine } from "../../../lib/native/binding.ts";

function listen(): { listener: EngineListener; request: EngineRequest } {
  const native = {} as NativeEngine;
  const request = new EngineRequest(native, 7, () => {});
  const listener: EngineListener = {
    requests: new Map([[7, request]]),
    onProgress: undefined,
    onLoaded: () => {},
    onLoadFailed: () => {},
    onClosed: vi.fn(),
    failure: undefined,
  };
  return { listener, request };
}

test("the engine's end settles every request, also one that the engine forgot", async () => {
  const { listener, request } = listen();
  createEventHandler(listener)([{ type: "closed" }]);
  await expect(request.outcome).rejects.toMatchObject({ code: "CLOSED" });
  expect(listener.requests.size).toBe(0);
  expect(listener.failure).toBeUndefined();
  expect(listener.onClosed).toHaveBeenCalledOnce();
});

test("a failure that ends the engine is kept, and every request gets it", async () => {
  const { listener, request } = listen();
  createEventHandler(listener)([
    { type: "closed", code: "OUT_OF_MEMORY", message: "no memory is free" },
  ]);
  const failure = { code: "OUT_OF_MEMORY", message: "no memory is free" };
  await expect(request.outcome).rejects.toMatchObject(failure);
  expect(listener.failure).toMatchObject(failure);
});
