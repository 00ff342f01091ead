import { z } from "zod";
import { errorAnswer, namedAnswers, unwellAnswer } from "./answers.ts";
import type { Operation } from "./operations.ts";

const place = (id: string) => `#/components/schemas/${id}`;

/** All shapes that have names, as `components.schemas`. */
export function namedSchemas(): object {
  const { schemas } = z.toJSONSchema(namedAnswers, { uri: place, io: "input" });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $id: _, $schema: __, ...schema }]) => [id, schema]),
  );
}

/** What an operation may answer, by status. */
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
            `Where stream is true. Each event is a line "data: " and the JSON of x-event-schema` +
            `${event.ends === undefined ? "" : `, the last one "data: ${event.ends}"`}; then comes ` +
            "an empty line. Lines that begin with a colon only keep the connection open. What goes " +
            "wrong once the stream has begun is told by an Error as its last event.",
        },
        "x-event-schema": { anyOf: [schemaOf(event.data), schemaOf(errorAnswer)] },
      },
    }),
  };
}

function errorsOf({ method, isHealth, namesModel }: Operation, hasKeys: boolean): object {
  if (isHealth === true) return { 503: response("It takes no requests", unwellAnswer) };
  const isPost = method === "post";
  return {
    ...(isPost && { 400: response("A field is wrong, the model cannot, or the body is no JSON") }),
    ...(hasKeys && { 401: response("The API key is missing, or not known") }),
    ...(namesModel === true && { 404: response("Another model than the one that is served") }),
    ...(isPost && {
      413: response("The body is too large"),
      415: response("The body is not of type application/json"),
      429: { ...response("Too many requests of this key, or in all"), headers: retryAfter },
    }),
    503: { ...response("The model is not there yet, or no longer"), headers: retryAfter },
  };
}

const errorContent = { "application/json": { schema: schemaOf(errorAnswer) } };

const retryAfter = {
  "Retry-After": {
    description: "Seconds after which it may be worth another try",
    schema: { type: "integer", minimum: 0 },
  },
};

function response(description: string, schema: z.ZodType = errorAnswer): object {
  return { description, content: { "application/json": { schema: schemaOf(schema) } } };
}

/** By its name, where it has one. */
function schemaOf(schema: z.ZodType): object {
  const id = namedAnswers.get(schema)?.id;
  if (id !== undefined) return { $ref: place(id) };
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: "input" });
  return json;
}
