export { createHandler } from "./handler.ts";
export type { Handler } from "./http/handler.ts";
export type { ServerErrorCode } from "./http/http-error.ts";
export { type ListenOptions, listen, type RunningServer } from "./http/listen.ts";
export { type NodeRequest, type NodeResponse, nodeListener } from "./http/node-listener.ts";
export type { Logger } from "./observability/logger.ts";
export type { ApiKey } from "./service/api-key.ts";
export type { HandlerOptions } from "./service/options.ts";
