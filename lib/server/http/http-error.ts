import { CodeLlamaError, type CodeLlamaErrorCode, retryHeaders, statusOf } from "../../errors.ts";

/** Error codes that only the server uses. */
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

/** Error that the server reports to a client. */
export class HttpError extends Error {
  readonly status: number;
  readonly code: ServerErrorCode | CodeLlamaErrorCode;
  /** The wrong field of the request, for example `messages[0].content`. null if no field is wrong. */
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

/** Error for logs and traces when the client closes the connection. 499 is nginx's status for it. */
export function clientGone(): HttpError {
  return new HttpError(499, "ABORTED", "the client closed the connection");
}

/** Error for a request whose body other code has already read. */
export function bodyUsed(): HttpError {
  return new HttpError(
    400,
    "BODY_USED",
    "the request body was read before this handler got the request: put the handler before body " +
      "parsers, or pass the whole request on (Express and Fastify: nodeListener(handler)(request, " +
      "response); Hono: handler(await cloneRawRequest(c.req)))",
  );
}

/** Converts any failure to an HttpError. Details of unexpected failures go to the log only. */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (CodeLlamaError.isInstance(error)) {
    const status = statusOf(error.code);
    const headers = retryHeaders(status);
    const field = error.code === "INVALID_ARGUMENT" ? messageField(error.message) : null;
    return new HttpError(status, error.code, error.message, { field, headers });
  }
  return new HttpError(500, "BACKEND_FAILED", "internal server error");
}

/** The chat message that an error text names at its start: `chat(): messages[1] must be …`. */
function messageField(text: string): string | null {
  return /^(?:\w+\(\): )?(messages\[\d+\](?:\.\w+)*)/.exec(text)?.[1] ?? null;
}

// UTF-16 units. Messages quote values, and a value can be as long as the body.
const longestMessage = 1000;

/** The error body in OpenAI's format. */
export function errorBody({ status, code, message: whole, field }: HttpError): object {
  const cut = whole.slice(0, longestMessage).replace(/[\uD800-\uDBFF]$/, "");
  const message = whole.length > longestMessage ? `${cut}…` : whole;
  return { error: { message, type: errorType(status), param: field, code } };
}

/** The error as a Response, for requests that reach no route. */
export function errorResponse(error: HttpError): Response {
  return Response.json(errorBody(error), { status: error.status, headers: error.headers });
}

/** OpenAI's error type for an HTTP status. */
function errorType(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 404) return "not_found_error";
  if (status === 429) return "rate_limit_error";
  if (status === 503) return "service_unavailable_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}
