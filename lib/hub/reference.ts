import { invalidArgument, show } from "../base/arguments.ts";
import { hostOf, isLoopback } from "../base/loopback.ts";
import { isSafePath, isSafeSegment } from "./safe-names.ts";

/** A model, named by a path, a URI or a name of the catalogue. */
export type ModelReference =
  | { readonly kind: "path"; readonly path: string }
  | HuggingFaceReference
  | UrlReference
  | OllamaReference
  | CatalogueReference;

/** `hf:org/repo[:QUANT][@revision]` or `hf:org/repo/file.gguf[@revision]` */
export interface HuggingFaceReference {
  readonly kind: "hugging-face";
  /** `org/repo` */
  readonly repository: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** Path of the file inside the repository. Undefined if the quantisation chooses it. */
  readonly file: string | undefined;
  readonly quantisation: string | undefined;
}

/** `https://host/path/file.gguf[#sha256=HEX]` */
export interface UrlReference {
  readonly kind: "url";
  readonly url: string;
  readonly sha256: string | undefined;
}

/** `ollama:[host/][namespace/]name[:tag]` */
export interface OllamaReference {
  readonly kind: "ollama";
  readonly host: string;
  readonly namespace: string;
  readonly name: string;
  readonly tag: string;
}

/** `codellama:SIZE[-instruct|-python][:QUANT]` */
export interface CatalogueReference {
  readonly kind: "catalogue";
  readonly name: string;
  readonly quantisation: string | undefined;
}

// A scheme has two letters or more, so that `C:\model.gguf` stays a path.
const scheme = /^(hf|https?|ollama|codellama):/i;

/** Whether a text names a model by a URI or by a name of the catalogue, and not by a path. */
export function isModelUri(text: string): boolean {
  return scheme.test(text);
}

/**
 * Reads the name of a model. A text without a known scheme is a path.
 * @param where - the call, for messages
 * @throws CodeLlamaError `INVALID_ARGUMENT`, which shows no query, user or password of a URL
 */
export function parseReference(text: string, where: string): ModelReference {
  const name = scheme.exec(text)?.[1]?.toLowerCase();
  switch (name) {
    case undefined:
      return { kind: "path", path: text };
    case "hf":
      return parseHuggingFace(text, where);
    case "ollama":
      return parseOllama(text, where);
    case "codellama":
      return parseCatalogue(text, where);
    default:
      return parseUrl(text, where);
  }
}

const huggingFaceForm =
  "hf:org/repo, hf:org/repo:QUANT or hf:org/repo/file.gguf, each with an optional @revision";

function parseHuggingFace(text: string, where: string): HuggingFaceReference {
  const wrong = () => invalidArgument(`${where}: ${show(text)} must be ${huggingFaceForm}`);
  const [, body = "", revision = "main"] = /^hf:(?:\/\/)?([^@]+)(?:@(.+))?$/i.exec(text) ?? [];
  const [organisation = "", last = "", ...rest] = body.split("/");
  const [name = "", quantisation, ...more] = rest.length === 0 ? last.split(":") : [last];
  const repository = `${organisation}/${name}`;
  const file = rest.length === 0 ? undefined : rest.join("/");
  const isRight =
    isRepository(repository) &&
    isRevision(revision) &&
    more.length === 0 &&
    (quantisation === undefined || /^[\w.-]{1,64}$/.test(quantisation)) &&
    (file === undefined || (isSafePath(file) && /\.gguf$/i.test(file)));
  if (!isRight) throw wrong();
  return { kind: "hugging-face", repository, revision, file, quantisation };
}

/** Whether a text has the form `org/repo` that Hugging Face allows. */
export function isRepository(text: string): boolean {
  return /^[\w][\w.-]{0,95}\/[\w][\w.-]{0,95}$/.test(text) && !/--|\.\./.test(text);
}

function isRevision(text: string): boolean {
  return text.length <= 200 && /^[\w./+-]+$/.test(text) && isSafePath(text);
}

function parseOllama(text: string, where: string): OllamaReference {
  const body = text.slice("ollama:".length).replace(/^\/\//, "");
  const [, path = "", tag = "latest"] = /^(.+?)(?::([^:/]+))?$/.exec(body) ?? [];
  const segments = path.split("/");
  const [name = "", namespace = "library", host = "registry.ollama.ai"] = segments.reverse();
  const isRight =
    segments.length <= 3 &&
    [name, namespace, tag].every((part) => /^\w[\w.-]{0,127}$/.test(part) && isSafeSegment(part)) &&
    /^[\w.-]+(:\d{1,5})?$/.test(host);
  if (isRight) return { kind: "ollama", host, namespace, name, tag };
  throw invalidArgument(
    `${where}: ${show(text)} must be ollama:name or ollama:name:tag, with an optional host/namespace/ before the name`,
  );
}

function parseCatalogue(text: string, where: string): CatalogueReference {
  const [, name = "", quantisation] = /^(codellama:[\w.-]+)(?::([\w.-]+))?$/i.exec(text) ?? [];
  if (name === "") {
    throw invalidArgument(
      `${where}: ${show(text)} must be codellama:SIZE, such as codellama:7b-instruct, with an optional :QUANT`,
    );
  }
  return { kind: "catalogue", name: name.toLowerCase(), quantisation };
}

function parseUrl(text: string, where: string): UrlReference | HuggingFaceReference {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) {
    throw invalidArgument(
      `${where}: the URL of a model must be complete, as https://host/file.gguf`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw invalidArgument(`${where}: the URL of a model must have no user and no password`);
  }
  if (url.protocol === "http:" && !isLoopback(hostOf(url))) {
    throw invalidArgument(
      `${where}: the URL of a model must begin with https:// (http:// only for this machine); ` +
        `got http://${url.host}`,
    );
  }
  const [, sha256] = /^#sha256=([0-9a-f]{64})$/i.exec(url.hash) ?? [];
  if (url.hash !== "" && sha256 === undefined) {
    throw invalidArgument(
      `${where}: the part after # of a model's URL must be sha256= and 64 hexadecimal digits`,
    );
  }
  url.hash = "";
  return (
    huggingFacePage(url, where) ?? { kind: "url", url: url.href, sha256: sha256?.toLowerCase() }
  );
}

/** The reference for the address of a file on huggingface.co, as browsers show it. */
function huggingFacePage(url: URL, where: string): HuggingFaceReference | undefined {
  const [, repository, revision, file] =
    /^\/([^/]+\/[^/]+)\/(?:blob|resolve)\/([^/]+)\/(.+)$/.exec(url.pathname) ?? [];
  if (!/^(www\.)?(huggingface\.co|hf\.co)$/.test(url.host) || repository === undefined) {
    return undefined;
  }
  return parseHuggingFace(
    `hf:${repository}/${decodeURIComponent(file ?? "")}@${decodeURIComponent(revision ?? "")}`,
    where,
  );
}
