import type { Hono } from "hono";
import type { ServerEnvironment } from "../service/environment.ts";
import type { Service } from "../service/service.ts";

/** Adds the health check and the metrics. */
export function addStateRoutes(app: Hono<ServerEnvironment>, service: Service): void {
  app.get("/health", (context) => {
    const { state } = service;
    return context.json(
      { status: state === "ready" ? "ok" : state },
      state === "ready" ? 200 : 503,
    );
  });
  app.get("/metrics", () => service.metrics.response());
}
