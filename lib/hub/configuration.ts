import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { invalidArgument, show } from "../base/arguments.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The user's configuration file. */
export interface Configuration {
  /** Model for commands without `--model`. */
  readonly model: string | undefined;
  /** URIs for names that begin with `codellama:`. They go before the catalogue. */
  readonly models: Readonly<Record<string, string>>;
}

/** Path of the configuration file. It need not exist. */
export function configurationPath(environment: Environment = process.env): string {
  const { XDG_CONFIG_HOME, APPDATA } = environment;
  const folder =
    XDG_CONFIG_HOME ||
    (process.platform === "win32" && APPDATA ? APPDATA : join(homedir(), ".config"));
  return join(folder, "node-codellama", "config.json");
}

const longestFile = 2 ** 20;

/**
 * Reads the configuration file. An absent file counts as empty.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the file and the wrong field
 */
export function readConfiguration(environment: Environment = process.env): Configuration {
  const path = configurationPath(environment);
  const content = parse(path, readText(path));
  const { model, models = {}, ...others } = content;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw invalidArgument(`${path}: unknown field ${show(unknown)}; known fields: model, models`);
  }
  if (model !== undefined && (typeof model !== "string" || model === "")) {
    throw invalidArgument(`${path}: model must be a non-empty string (got ${show(model)})`);
  }
  if (typeof models !== "object" || models === null) {
    throw invalidArgument(`${path}: models must be an object (got ${show(models)})`);
  }
  for (const [name, uri] of Object.entries(models)) requireAlias(path, name, uri);
  return { model, models: models as Readonly<Record<string, string>> };
}

function requireAlias(path: string, name: string, uri: unknown): void {
  if (!/^codellama:[\w.-]+$/.test(name)) {
    throw invalidArgument(
      `${path}: a name in models must begin with codellama: (got ${show(name)})`,
    );
  }
  if (typeof uri !== "string" || uri === "" || /^codellama:/i.test(uri)) {
    throw invalidArgument(
      `${path}: models["${name}"] must be a path or a URI such as hf:org/repo:Q4_K_M (got ${show(uri)})`,
    );
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return "{}";
    throw invalidArgument(`${path} cannot be read: ${message}`);
  }
}

function parse(path: string, text: string): Record<string, unknown> {
  if (text.length > longestFile) {
    throw invalidArgument(`${path} must have at most ${longestFile} characters`);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return { ...value };
    }
  } catch {
    // Reported below.
  }
  throw invalidArgument(`${path} must contain one JSON object`);
}

/** The model for commands without `--model`: `CODELLAMA_MODEL`, or the configuration file's. */
export function configuredModel(environment: Environment = process.env): string | undefined {
  return environment.CODELLAMA_MODEL || readConfiguration(environment).model;
}
