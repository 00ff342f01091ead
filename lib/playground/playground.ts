import { type ServerEvent, serverEvents } from "./server-events.ts";

type Mode = "complete" | "infill" | "chat";

interface Message {
  readonly role: "user" | "assistant";
  content: string;
}

function element<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${id}`);
}

const modes: readonly Mode[] = ["complete", "infill", "chat"];
const tabs = modes.map((mode) => element(`tab-${mode}`, HTMLButtonElement));
const texts = {
  complete: element("complete-text", HTMLTextAreaElement),
  infill: element("infill-text", HTMLTextAreaElement),
  chat: element("chat-text", HTMLTextAreaElement),
};
const dialog = element("dialog", HTMLOListElement);
const run = element("run", HTMLButtonElement);
const stop = element("stop", HTMLButtonElement);
const clear = element("clear", HTMLButtonElement);
const status = element("status", HTMLOutputElement);
const key = element("key", HTMLInputElement);

let mode: Mode = "complete";
let messages: Message[] = [];
let running: AbortController | undefined;

function show(next: Mode): void {
  mode = next;
  for (const [index, each] of modes.entries()) {
    const isShown = each === mode;
    element(each, HTMLElement).hidden = !isShown;
    tabs[index]?.setAttribute("aria-selected", String(isShown));
    if (tabs[index] !== undefined) tabs[index].tabIndex = isShown ? 0 : -1;
  }
  clear.hidden = mode !== "chat";
  texts[mode].focus();
}

/** The parameters as the server takes them; what is empty is left to it. */
function parameters(): object {
  const names = {
    temperature: "temperature",
    "top-p": "top_p",
    "max-tokens": "max_tokens",
    seed: "seed",
  };
  const given = Object.entries(names).flatMap(([id, name]) => {
    const { value, valueAsNumber } = element(id, HTMLInputElement);
    return value === "" ? [] : [[name, valueAsNumber]];
  });
  return Object.fromEntries(given);
}

function tell(text: string, isError = false): void {
  status.textContent = text;
  status.classList.toggle("error", isError);
}

/** Writes at the cursor, which stays behind what is written, and keeps the browser's undo. */
function insert(area: HTMLTextAreaElement, at: number, text: string): number {
  area.setRangeText(text, at, at, "end");
  area.scrollTop = area.selectionEnd === area.value.length ? area.scrollHeight : area.scrollTop;
  return at + text.length;
}

/** Reads an answer, hands its text on, and tells how fast it comes. */
async function read(path: string, body: object, write: (text: string) => void): Promise<void> {
  const controller = new AbortController();
  running = controller;
  run.disabled = true;
  stop.disabled = false;
  tell("waiting …");
  const began = performance.now();
  let firstAt = 0;
  let pieces = 0;
  let tokens: number | undefined;
  const speed = () => {
    const seconds = (performance.now() - firstAt) / 1000;
    const count = tokens ?? pieces;
    const rate = seconds > 0 && count > 1 ? `, ${((count - 1) / seconds).toFixed(0)} a second` : "";
    return `${count} tokens${rate}; the first after ${(firstAt - began).toFixed(0)} ms`;
  };
  try {
    for await (const event of serverEvents(path, body, key.value, controller.signal)) {
      tokens = event.usage?.completion_tokens ?? event.tokens_predicted ?? tokens;
      const text = textOf(event);
      if (text === "") continue;
      if (pieces === 0) firstAt = performance.now();
      pieces++;
      write(text);
      tell(speed());
    }
    tell(pieces === 0 ? "nothing came" : speed());
  } catch (error) {
    if (controller.signal.aborted) tell(`stopped; ${speed()}`);
    else tell((error as Error).message, true);
  } finally {
    running = undefined;
    run.disabled = false;
    stop.disabled = true;
  }
}

function textOf({ choices, content }: ServerEvent): string {
  const [choice] = choices ?? [];
  return choice?.text ?? choice?.delta?.content ?? content ?? "";
}

async function complete(): Promise<void> {
  const area = texts.complete;
  const body = { ...parameters(), prompt: area.value, stream_options: { include_usage: true } };
  let end = area.value.length;
  await read("/v1/completions", body, (text) => {
    end = insert(area, end, text);
  });
}

async function infill(): Promise<void> {
  const area = texts.infill;
  let hole = area.selectionStart;
  const { max_tokens: limit, ...rest } = parameters() as { max_tokens?: number };
  const body = {
    ...rest,
    ...(limit !== undefined && { n_predict: limit }),
    input_prefix: area.value.slice(0, hole),
    input_suffix: area.value.slice(area.selectionEnd),
  };
  area.setRangeText("", hole, area.selectionEnd, "end");
  await read("/infill", body, (text) => {
    hole = insert(area, hole, text);
  });
  area.focus();
}

async function chat(): Promise<void> {
  const question = texts.chat.value.trim();
  if (question === "") return;
  texts.chat.value = "";
  messages.push({ role: "user", content: question });
  addMessage("user", question);
  const body = { ...parameters(), messages, stream_options: { include_usage: true } };
  const item = addMessage("assistant", "");
  const answer: Message = { role: "assistant", content: "" };
  await read("/v1/chat/completions", body, (text) => {
    answer.content += text;
    item.textContent = answer.content;
    dialog.scrollTop = dialog.scrollHeight;
  });
  messages = answer.content === "" ? messages.slice(0, -1) : [...messages, answer];
  if (answer.content === "") item.remove();
}

function addMessage(role: Message["role"], content: string): HTMLLIElement {
  const item = document.createElement("li");
  item.className = role;
  item.textContent = content;
  dialog.append(item);
  dialog.scrollTop = dialog.scrollHeight;
  return item;
}

const actions = { complete, infill, chat };

function start(): void {
  if (running === undefined) void actions[mode]();
}

/** What the model is, and can do. */
async function describeModel(): Promise<void> {
  const headers: HeadersInit = key.value === "" ? {} : { authorization: `Bearer ${key.value}` };
  const response = await fetch("/v1/models", { headers });
  const line = element("model", HTMLElement);
  key.hidden = response.status !== 401 && key.value === "";
  if (!response.ok) {
    line.textContent =
      response.status === 401 ? "An API key is needed." : "The model is not there yet.";
    if (response.status === 503) setTimeout(describeModel, 1000);
    return;
  }
  const { data } = (await response.json()) as {
    data: {
      id: string;
      meta: { context_size: number; capabilities: Record<Mode | "completion", unknown> };
    }[];
  };
  const [model] = data;
  if (model === undefined) return;
  const { capabilities, context_size: contextSize } = model.meta;
  const able = (["completion", "infill", "chat"] as const).filter(
    (name) => capabilities[name] === true,
  );
  line.textContent = `${model.id} · ${able.join(", ")} · context of ${contextSize} tokens`;
  for (const [index, name] of (["completion", "infill", "chat"] as const).entries()) {
    if (tabs[index] !== undefined) tabs[index].disabled = capabilities[name] !== true;
  }
}

for (const [index, tab] of tabs.entries()) {
  tab.addEventListener("click", () => show(modes[index] ?? "complete"));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const next = tabs[(index + step + tabs.length) % tabs.length];
    next?.click();
    next?.focus();
  });
}
run.addEventListener("click", start);
stop.addEventListener("click", () => running?.abort());
clear.addEventListener("click", () => {
  running?.abort();
  messages = [];
  dialog.replaceChildren();
  texts.chat.focus();
});
key.addEventListener("change", () => void describeModel());
document.addEventListener("keydown", (event) => {
  const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey);
  if (sends) {
    event.preventDefault();
    start();
  } else if (event.key === "Escape") {
    running?.abort();
  }
});
void describeModel();
