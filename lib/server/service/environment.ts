import type { Exchange } from "./exchange.ts";

/** Variables that every route finds in its Hono context. */
export interface ServerEnvironment {
  Variables: { exchange: Exchange };
}
