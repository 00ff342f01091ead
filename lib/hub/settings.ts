import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { invalidArgument } from "../base/arguments.ts";
import { hostOf, isLoopback } from "../base/loopback.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where models come from and where they are kept: Hugging Face's own environment variables. */
export interface HubSettings {
  /** `HF_ENDPOINT`, or https://huggingface.co. Has no trailing slash. */
  readonly endpoint: string;
  /** Cache that all programs with Hugging Face's layout share. */
  readonly cache: string;
  /** Models of other origins: URLs and Ollama's registry. */
  readonly ownCache: string;
  /** `HF_HUB_OFFLINE`: only files of the cache are used. */
  readonly isOffline: boolean;
  /** Milliseconds without a byte after which a connection counts as broken. */
  readonly idleMs: number;
  /** First pause before a retry. Each further pause is twice as long. */
  readonly firstPauseMs: number;
}

/**
 * Reads the settings of the environment.
 * @throws CodeLlamaError `INVALID_ARGUMENT` for a wrong `HF_ENDPOINT` or `HF_HUB_DOWNLOAD_TIMEOUT`
 */
export function hubSettings(environment: Environment = process.env): HubSettings {
  return {
    endpoint: endpoint(environment.HF_ENDPOINT),
    cache:
      folder(environment.HF_HUB_CACHE) ??
      folder(environment.HUGGINGFACE_HUB_CACHE) ??
      join(huggingFaceHome(environment), "hub"),
    ownCache: join(cacheHome(environment), "node-codellama"),
    isOffline: isOn(environment.HF_HUB_OFFLINE),
    idleMs: idleMs(environment.HF_HUB_DOWNLOAD_TIMEOUT),
    firstPauseMs: 250,
  };
}

const longestToken = 4096;

/**
 * Reads the token of `HF_TOKEN`, or of the file that `hf auth login` writes. Undefined if there is none,
 * or if it must not go to the endpoint: a token never travels unencrypted to another machine.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, which does not show the token
 */
export async function readToken(
  endpoint: string,
  environment: Environment = process.env,
): Promise<string | undefined> {
  const url = new URL(endpoint);
  if (url.protocol !== "https:" && !isLoopback(hostOf(url))) return undefined;
  const given = environment.HF_TOKEN ?? environment.HUGGING_FACE_HUB_TOKEN;
  const token = (given ?? (await readTokenFile(environment)) ?? "").trim();
  if (token === "") return undefined;
  if (token.length > longestToken || !/^[\x21-\x7e]+$/.test(token)) {
    const source = given === undefined ? tokenFile(environment) : "HF_TOKEN";
    throw invalidArgument(
      `the token in ${source} must have at most ${longestToken} visible ASCII characters`,
    );
  }
  return token;
}

async function readTokenFile(environment: Environment): Promise<string | undefined> {
  if (isOn(environment.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined;
  return readFile(tokenFile(environment), "utf8").catch(() => undefined);
}

function tokenFile(environment: Environment): string {
  return folder(environment.HF_TOKEN_PATH) ?? join(huggingFaceHome(environment), "token");
}

function huggingFaceHome(environment: Environment): string {
  return folder(environment.HF_HOME) ?? join(cacheHome(environment), "huggingface");
}

function cacheHome(environment: Environment): string {
  return folder(environment.XDG_CACHE_HOME) ?? join(homedir(), ".cache");
}

/** An absolute path, `~` expanded. An empty variable counts as absent. */
function folder(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  return resolve(text.replace(/^~(?=$|[/\\])/, homedir()));
}

function isOn(text: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(text ?? "");
}

function endpoint(text: string | undefined): string {
  if (text === undefined || text === "") return "https://huggingface.co";
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isRight =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    url.username + url.password + url.search + url.hash === "";
  if (!isRight) {
    throw invalidArgument(
      "HF_ENDPOINT must be a URL such as https://huggingface.co, without user, password and query",
    );
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}

function idleMs(text: string | undefined): number {
  if (text === undefined || text === "") return 30_000;
  const seconds = Number(text);
  if (seconds > 0 && seconds <= 86_400) return seconds * 1000;
  throw invalidArgument("HF_HUB_DOWNLOAD_TIMEOUT must be between 0 and 86400 seconds, above 0");
}
