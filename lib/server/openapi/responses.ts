import { z } from "zod";
import { errorAnswer, namedAnswers, unavailableAnswer } from "./answers.ts";
import type { Operation } from "./operations.ts";

const place = (id: string) => `#/components/schemas/${id}`;

/** Returns all named schemas for `components.schemas`. */
export function namedSchemas(): object {
  const { schemas } = z.toJSONSchema(namedAnswers, { uri: place, io: "input" });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $id: _, $schema: __, ...schema }]) => [id, schema]),
  );
}

/** Returns the possible answers of an operation, by status. */
export function responsesOf(operation: Operation, hasKeys: boolean): object {
  return {
    200: { description: "The answer", content: contentOf(operation) },
    ...errorsOf(operation, hasKeys),
    default: { description: "Any other failure", content: errorContent },
  };
}

function contentOf({ answer, type = "application/json", event }: Operation): object {
  return {
    [type]: { schema: schemaOf(answer) },
    ...(event !== undefined && {
      "text/event-stream": {
        schema: {
          type: "string",
          description:
            `The answer if stream is true. Each event is a line "data: " with JSON of x-event-schema` +
            `${event.ends === undefined ? "" : `, and "data: ${event.ends}" at the end`}, followed by ` +
            "an empty line. Lines that start with a colon keep the connection open. A failure after " +
            "the start of the stream is an Error as the last event.",
        },
        "x-event-schema": { anyOf: [schemaOf(event.data), schemaOf(errorAnswer)] },
      },
    }),
  };
}

function errorsOf({ method, isHealth, namesModel }: Operation, hasKeys: boolean): object {
  if (isHealth === true)
    return { 503: response("The server cannot answer requests", unavailableAnswer) };
  const isPost = method === "post";
  return {
    ...(isPost && { 400: response("A field is wrong or not supported, or the body is not JSON") }),
    ...(hasKeys && { 401: response("The API key is missing or wrong") }),
    ...(namesModel === true && { 404: response("The server has no model of this name") }),
    ...(isPost && {
      413: response("The body is too large"),
      415: response("The content type is not application/json"),
      429: { ...response("Too many requests, of this key or in total"), headers: retryAfter },
    }),
    503: { ...response("The model is loading, or the server shuts down"), headers: retryAfter },
  };
}

const errorContent = { "application/json": { schema: schemaOf(errorAnswer) } };

const retryAfter = {
  "Retry-After": {
    description: "Seconds to wait before the next attempt",
    schema: { type: "integer", minimum: 0 },
  },
};

function response(description: string, schema: z.ZodType = errorAnswer): object {
  return { description, content: { "application/json": { schema: schemaOf(schema) } } };
}

/** Returns a reference to a named schema, or the schema itself. */
function schemaOf(schema: z.ZodType): object {
  const id = namedAnswers.get(schema)?.id;
  if (id !== undefined) return { $ref: place(id) };
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: "input" });
  return json;
}
