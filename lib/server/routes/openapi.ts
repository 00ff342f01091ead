import { setImmediate as nextTurn } from "node:timers/promises";
import type { Hono } from "hono";
import { z } from "zod";
import { knownFields } from "../fields/known-fields.ts";
import { type Operation, operations } from "../openapi/operations.ts";
import { namedSchemas, responsesOf } from "../openapi/responses.ts";
import type { ServerEnvironment } from "../service/environment.ts";
import type { Service } from "../service/service.ts";

/** Adds the OpenAPI description of all routes. The schemas that check requests are part of it. */
export function addOpenApiRoute(app: Hono<ServerEnvironment>, service: Service): void {
  let document: Promise<string> | undefined;
  app.get("/openapi.json", async (context) => {
    document ??= documentOf((service.options.apiKeys ?? []).length > 0);
    return context.body(await document, 200, { "content-type": "application/json" });
  });
}

/** Describes one route per turn of the event loop: all schemas together take tens of milliseconds. */
async function documentOf(hasKeys: boolean): Promise<string> {
  const paths: Record<string, object> = {};
  for (const each of operations) {
    paths[each.path] = { [each.method]: describe(each, hasKeys) };
    await nextTurn();
  }
  return JSON.stringify({
    openapi: "3.1.0",
    info: {
      title: "node-codellama",
      version: "1",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        header: { type: "apiKey", in: "header", name: "x-api-key" },
      },
      schemas: namedSchemas(),
    },
    // An empty requirement means that no key is needed.
    security: [{ bearer: [] }, { header: [] }, ...(hasKeys ? [] : [{}])],
    paths,
  });
}

/** Lists the field names of other servers that a body also accepts. */
function otherNames(body: z.ZodType): string {
  const { shape = {} } = body as { readonly shape?: object };
  const names = [...knownFields].flatMap(([name, known]) =>
    "renames" in known && known.renames in shape && !(name in shape)
      ? [`${name} for ${known.renames}`]
      : [],
  );
  const ignored = "Unknown fields are ignored.";
  return names.length === 0 ? ignored : `${ignored} Other names: ${names.join(", ")}.`;
}

function describe(operation: Operation, hasKeys: boolean): object {
  const { id, summary, path, body, isHealth } = operation;
  const model = { name: "model", in: "path", required: true, schema: { type: "string" } };
  return {
    operationId: id,
    summary,
    ...(isHealth === true && { security: [] }),
    ...(path.endsWith("{model}") && { parameters: [model] }),
    ...(body !== undefined && {
      requestBody: {
        required: true,
        description: otherNames(body),
        content: { "application/json": { schema: z.toJSONSchema(body, { io: "input" }) } },
      },
    }),
    responses: responsesOf(operation, hasKeys),
  };
}
