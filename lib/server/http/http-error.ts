import { CodeLlamaError, type CodeLlamaErrorCode, retryHeaders, statusOf } from "../../errors.ts";

/** The codes of errors that only a server has. */
export type ServerErrorCode =
  | "BAD_REQUEST"
  | "INVALID_API_KEY"
  | "MODEL_LOADING"
  | "UNKNOWN_MODEL"
  | "UNKNOWN_ROUTE"
  | "BODY_TOO_LARGE"
  | "NOT_JSON"
  | "BODY_USED"
  | "TOO_MANY_REQUESTS"
  | "FORBIDDEN_HOST"
  | "SHUTTING_DOWN";

/** What a client is told instead of an answer. */
export class HttpError extends Error {
  readonly status: number;
  readonly code: ServerErrorCode | CodeLlamaErrorCode;
  /** The field of the request that is wrong, as in `messages[0].content`. */
  readonly field: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: ServerErrorCode | CodeLlamaErrorCode,
    message: string,
    {
      field = null,
      headers = {},
    }: { field?: string | null; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.name = "HttpError";
    this.status = status;
    this.code = code;
    this.field = field;
    this.headers = headers;
  }
}

/** Nobody is told, but logs and traces: 499 is nginx's status for it. */
export function clientGone(): HttpError {
  return new HttpError(499, "ABORTED", "the client went away");
}

/** Somebody has read the body before the handler could. */
export function bodyUsed(): HttpError {
  return new HttpError(
    400,
    "BODY_USED",
    "the body was read before the request came to this handler: put the handler before what reads " +
      "bodies, or pass the whole request on (Express and Fastify: nodeListener(handler)(request, " +
      "response); Hono: handler(await cloneRawRequest(c.req)))",
  );
}

/** Any failure as one that a client may be told; what is unknown stays in the log. */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (CodeLlamaError.isInstance(error)) {
    const status = statusOf(error.code);
    const headers = retryHeaders(status);
    const field = error.code === "INVALID_ARGUMENT" ? messageNamed(error.message) : null;
    return new HttpError(status, error.code, error.message, { field, headers });
  }
  return new HttpError(500, "BACKEND_FAILED", "the server failed");
}

/** The message of a dialog that an error begins with, such as `chat(): messages[1] must be …`. */
function messageNamed(text: string): string | null {
  return /^(?:\w+\(\): )?(messages\[\d+\](?:\.\w+)*)/.exec(text)?.[1] ?? null;
}

// UTF-16 units. Messages quote values, which can be as long as the body.
const longestMessage = 1000;

/** An error in OpenAI's shape. */
export function errorBody({ status, code, message: whole, field }: HttpError): object {
  const cut = whole.slice(0, longestMessage).replace(/[\uD800-\uDBFF]$/, "");
  const message = whole.length > longestMessage ? `${cut}…` : whole;
  return { error: { message, type: errorType(status), param: field, code } };
}

/** An error as an answer, for requests that do not come as far as a route. */
export function errorResponse(error: HttpError): Response {
  return Response.json(errorBody(error), { status: error.status, headers: error.headers });
}

/** The type that OpenAI's API gives errors of a status. */
function errorType(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 404) return "not_found_error";
  if (status === 429) return "rate_limit_error";
  if (status === 503) return "service_unavailable_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}
