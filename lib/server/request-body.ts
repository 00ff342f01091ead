import type { z } from "zod";
import { HttpError } from "./http-error.ts";

/**
 * Reads a request's JSON, as far as `limit` bytes.
 * @throws HttpError 400, naming the field; 413; 415
 */
export async function readBody<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
  limit: number,
): Promise<z.output<Schema>> {
  // A page of another site can send texts without being asked for leave, but not JSON.
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/([\w.]+\+)?json\s*(;|$)/i.test(type)) {
    throw new HttpError(415, "NOT_JSON", "the body must have content-type application/json");
  }
  const bytes = await readBytes(request, limit);
  const parsed = schema.safeParse(parseJson(bytes));
  if (parsed.success) return parsed.data;
  const { path, message } = innermost(parsed.error.issues[0]);
  const field = fieldName(path);
  throw new HttpError(400, "INVALID_ARGUMENT", `${field || "the body"}: ${message}`, {
    field: field || null,
  });
}

type Issue = Pick<z.core.$ZodIssue, "path" | "message">;

/** Inside the one alternative of a union that a value is meant to be, what is wrong with it. */
function innermost(issue: z.core.$ZodIssue | undefined): Issue {
  if (issue === undefined) return { path: [], message: "is wrong" };
  if (issue.code !== "invalid_union") return issue;
  const [meant, ...others] = issue.errors.filter(([first]) => (first?.path.length ?? 0) > 0);
  if (meant === undefined || others.length > 0) return issue;
  const { path, message } = innermost(meant[0]);
  return { path: [...issue.path, ...path], message };
}

async function readBytes(request: Request, limit: number): Promise<Uint8Array> {
  const tooLarge = () =>
    new HttpError(413, "BODY_TOO_LARGE", `the body has more than ${limit} bytes`, {
      headers: { connection: "close" },
    });
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw tooLarge();
  if (request.body === null) return new Uint8Array();
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of request.body) {
    length += piece.byteLength;
    if (length > limit) throw tooLarge();
    pieces.push(piece);
  }
  return Buffer.concat(pieces, length);
}

function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new HttpError(400, "NOT_JSON", "the body is not UTF-8");
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    // V8 quotes what it stumbled over, which may be a prompt.
    const position = /position \d+/.exec((error as Error).message)?.[0];
    throw new HttpError(
      400,
      "NOT_JSON",
      `the body is not JSON${position ? `: unexpected at ${position}` : ""}`,
    );
  }
}

/** As a program would write it: `messages[0].content`. */
function fieldName(path: readonly PropertyKey[]): string {
  return path
    .map((step, index) =>
      typeof step === "number" ? `[${step}]` : `${index > 0 ? "." : ""}${String(step)}`,
    )
    .join("");
}
