export type { ApiKey } from "./api-key.ts";
export { createHandler, type Handler } from "./handler.ts";
export type { ServerErrorCode } from "./http-error.ts";
export { type ListenOptions, listen, type RunningServer } from "./listen.ts";
export { type NodeRequest, type NodeResponse, nodeListener } from "./node-listener.ts";
export type { HandlerOptions, Logger } from "./options.ts";
