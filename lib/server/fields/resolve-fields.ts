import { HttpError } from "../http/http-error.ts";
import { type KnownField, knownFields } from "./known-fields.ts";

/** A request body with the names of a route's own fields. */
export interface ResolvedBody {
  readonly body: unknown;
  /** Path of a field, with the name that the client sent. */
  sentAs(path: readonly PropertyKey[]): readonly PropertyKey[];
}

type Known<Kind extends string> = Extract<KnownField, Readonly<Record<Kind, unknown>>>;

/** A function that renames the fields of a body to those of a route's schema. */
export function fieldResolver(
  route: string,
  { shape }: { readonly shape: object },
): (body: unknown) => ResolvedBody {
  const own = new Set(Object.keys(shape));
  return (body) => resolveFields(body, route, own);
}

/**
 * Renames the fields of a body to a route's own fields: see `knownFields`. Drops unknown fields.
 * @param own - the names of the route's fields
 * @throws HttpError 400 for a field that asks for what the route cannot do, and for two fields
 *   that contradict each other
 */
export function resolveFields(
  body: unknown,
  route: string,
  own: ReadonlySet<string>,
): ResolvedBody {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return { body, sentAs: (path) => path };
  }
  const resolver = new Resolver(route, own);
  for (const [name, value] of Object.entries(body)) resolver.add(name, value, name);
  return resolver.resolved();
}

class Resolver {
  readonly #route: string;
  readonly #own: ReadonlySet<string>;
  readonly #values = new Map<string, unknown>();
  readonly #names = new Map<string, string>();

  constructor(route: string, own: ReadonlySet<string>) {
    this.#route = route;
    this.#own = own;
  }

  /** @param sentAs - the field as the client named it */
  add(name: string, value: unknown, sentAs: string): void {
    if (this.#own.has(name)) {
      this.#put(name, value, sentAs);
      return;
    }
    const known = knownFields.get(name);
    if (known === undefined) return;
    if ("renames" in known) this.add(known.renames, value, sentAs);
    else if (value === null) return;
    else if ("means" in known) this.#addMeaning(known, value, sentAs);
    else if ("holds" in known) this.#addGroup(known, value, sentAs);
    else if (!known.idle(value, this.#route)) throw this.#refusal(known, sentAs);
  }

  resolved(): ResolvedBody {
    return {
      body: Object.fromEntries(this.#values),
      sentAs: ([name, ...inner]) =>
        name === undefined ? [] : [this.#names.get(`${String(name)}`) ?? name, ...inner],
    };
  }

  #addMeaning({ means }: Known<"means">, value: unknown, sentAs: string): void {
    let fields: Readonly<Record<string, unknown>>;
    try {
      fields = means(value, this.#route);
    } catch (error) {
      throw error instanceof HttpError ? invalid(sentAs, error.message) : error;
    }
    for (const [name, meant] of Object.entries(fields)) this.add(name, meant, sentAs);
  }

  #addGroup({ holds }: Known<"holds">, value: unknown, sentAs: string): void {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw invalid(sentAs, "must be an object");
    for (const [name, inner] of Object.entries(value)) {
      const place = `${sentAs}.${name}`;
      const meant = holds === "the same names" ? name : holds[name];
      if (meant === undefined) continue;
      if (isGroup(meant)) throw invalid(place, "must stand in the body itself");
      this.add(meant, inner, place);
    }
  }

  #put(name: string, value: unknown, sentAs: string): void {
    const earlier = this.#values.get(name);
    if (earlier != null && value != null) {
      if (Object.is(earlier, value)) return;
      const other = this.#names.get(name);
      throw invalid(sentAs, `contradicts ${other}; give one of them`);
    }
    if (earlier != null) return;
    this.#values.set(name, value);
    this.#names.set(name, sentAs);
  }

  #refusal({ advice }: Known<"idle">, sentAs: string): HttpError {
    const remedy = advice ?? "leave it out";
    return invalid(sentAs, `is not supported by ${this.#route}; ${remedy}`);
  }
}

function isGroup(name: string): boolean {
  const known = knownFields.get(name);
  return known !== undefined && "holds" in known;
}

function invalid(field: string, message: string): HttpError {
  return new HttpError(400, "INVALID_ARGUMENT", `${field}: ${message}`, { field });
}
