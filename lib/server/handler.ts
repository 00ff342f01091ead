import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import { routePath } from "hono/route";
import { invalidArgument, readArgument, show } from "../base/arguments.ts";
import type { CodeLlama } from "../codellama.ts";
import { checkValue, number } from "../options/check.ts";
import type { Handler } from "./http/handler.ts";
import { errorBody, HttpError, toHttpError } from "./http/http-error.ts";
import { addChatCompletionRoute } from "./routes/chat-completions.ts";
import { addCompletionRoute } from "./routes/completions.ts";
import { addEmbeddingRoute } from "./routes/embeddings.ts";
import { addInfillRoute } from "./routes/infill.ts";
import { addModelRoutes } from "./routes/models.ts";
import { addOpenApiRoute } from "./routes/openapi.ts";
import { addPlaygroundRoutes } from "./routes/playground.ts";
import { addStateRoutes } from "./routes/state.ts";
import { addTokenRoutes } from "./routes/tokens.ts";
import type { ServerEnvironment } from "./service/environment.ts";
import { checkHandlerOptions, type HandlerOptions } from "./service/options.ts";
import { Service } from "./service/service.ts";

/** Path under which Hono registers middleware for all routes. */
const middlewarePath = "/*";

// These need no API key: the health check, and the page that asks for the key.
const openPaths = new Set(["/health", "/", "/playground.js", "/playground.css"]);

/**
 * Creates a web-standard handler that serves OpenAI's API and llama.cpp's `/infill` with a model that
 * is loaded or still loading.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, also for a value that is not a model
 *
 * @example
 * const handler = createHandler(await CodeLlama.load("codellama-7b.Q4_K_M.gguf"));
 * export const POST = handler;
 */
export function createHandler(
  llama: CodeLlama | PromiseLike<CodeLlama>,
  given: HandlerOptions = {},
): Handler {
  const service = new Service(llama, checkHandlerOptions(given));
  const app = new Hono<ServerEnvironment>();
  addMiddleware(app, service);
  addRoutes(app, service);

  const handle = async (request: Request) => {
    requireRequest(request);
    return await app.fetch(request);
  };
  return Object.assign(handle, {
    async drain(deadlineMs = 30_000) {
      checkValue(deadlineMs, number(0, 2 ** 31 - 1), "drain(): deadlineMs");
      await service.drain(deadlineMs);
    },
  });
}

/** Follows each request from its start to its end, and turns errors into answers. */
function addMiddleware(app: Hono<ServerEnvironment>, service: Service): void {
  const { corsOrigins } = service.options;
  if (corsOrigins !== undefined) {
    const origin = corsOrigins.includes("*") ? "*" : [...corsOrigins];
    app.use(
      cors({ origin, exposeHeaders: ["x-request-id", "retry-after", "x-node-codellama-warning"] }),
    );
  }
  app.use(async (context, next) => {
    const { path } = context.req;
    const exchange = service.exchange(context.req.raw, routeName(context));
    context.set("exchange", exchange);
    const isOpen = openPaths.has(path) && ["GET", "HEAD"].includes(context.req.method);
    if (!isOpen) service.open(exchange, context.req.raw.headers);
    exchange.watch(context.req.raw.signal);
    // An abort must end the wait, whatever the route waits for: the body, a thread or the engine.
    await Promise.race([next(), exchange.aborted]);
    context.header("x-request-id", exchange.id);
    const warnings = [...exchange.warnings];
    if (warnings.length > 0) context.header("x-node-codellama-warning", warnings.join(", "));
    if (!exchange.streams && context.error === undefined) exchange.end(context.res.status);
  });
  app.onError((error, context) => {
    const httpError = toHttpError(error);
    if (httpError.status === 500) service.logger?.error({ err: error }, "unexpected failure");
    const { exchange } = context.var;
    exchange.end(httpError.status, httpError);
    const headers = { ...httpError.headers, "x-request-id": exchange.id };
    return Response.json(errorBody(httpError), { status: httpError.status, headers });
  });
  app.notFound(() => {
    throw new HttpError(404, "UNKNOWN_ROUTE", "no such route; GET /openapi.json lists all routes");
  });
}

function addRoutes(app: Hono<ServerEnvironment>, service: Service): void {
  addStateRoutes(app, service);
  addModelRoutes(app, service);
  addCompletionRoute(app, service);
  addChatCompletionRoute(app, service);
  addEmbeddingRoute(app, service);
  addInfillRoute(app, service);
  addTokenRoutes(app, service);
  addOpenApiRoute(app, service);
  if (service.options.playground === true) addPlaygroundRoutes(app);
  refuseOtherMethods(app);
}

/** Checks the argument: frameworks over node:http pass other objects, which would fail obscurely later. */
function requireRequest(value: unknown): void {
  readArgument("handler(): request", () => {
    const { url, headers } = Object(value) as Partial<Request>;
    if (typeof url === "string" && typeof headers?.get === "function") return;
    throw invalidArgument(
      `handler(): request must be a web Request (got ${show(value)}); ` +
        "use nodeListener(handler) with Express, Fastify and node:http",
    );
  });
}

/**
 * The route of a request without the pattern of its parameter, or "unknown". Metrics keep a series
 * per name, so a name never depends on what a client sends.
 */
function routeName(context: Context): string {
  const route = routePath(context, -1);
  return route === middlewarePath ? "unknown" : route.replace(/\{.*$/, "");
}

/** Answers 405 to requests whose path has a route but whose method has none. */
function refuseOtherMethods(app: Hono<ServerEnvironment>): void {
  const routes = app.routes.filter(({ path }) => path !== middlewarePath);
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map(({ method }) => method);
    // Hono answers HEAD with the GET route.
    const allow = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
    app.all(path, () => {
      throw new HttpError(405, "UNKNOWN_ROUTE", `the method must be ${methods.join(" or ")}`, {
        headers: { allow: allow.join(", ") },
      });
    });
  }
}
