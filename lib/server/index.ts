export type { ApiKey } from "./api-key.ts";
export { createHandler, type Handler } from "./handler.ts";
export type { ServerErrorCode } from "./http/http-error.ts";
export { type ListenOptions, listen, type RunningServer } from "./http/listen.ts";
export { type NodeRequest, type NodeResponse, nodeListener } from "./http/node-listener.ts";
export type { HandlerOptions, Logger } from "./options.ts";
