import { Conversation } from "./conversation.ts";
import { EditHistory } from "./edit-history.ts";
import { element } from "./element.ts";
import { Insertion } from "./insertion.ts";
import { parameterError, parameters } from "./parameters.ts";
import { type ServerEvent, serverEvents } from "./server-events.ts";

type Mode = "complete" | "infill" | "chat";

const modes: readonly Mode[] = ["complete", "infill", "chat"];
const tabs = modes.map((mode) => element(`tab-${mode}`, HTMLButtonElement));
const texts = {
  complete: element("complete-text", HTMLTextAreaElement),
  infill: element("infill-text", HTMLTextAreaElement),
  chat: element("chat-text", HTMLTextAreaElement),
};
const histories = {
  complete: new EditHistory(texts.complete, () => end("complete")),
  infill: new EditHistory(texts.infill, () => end("infill")),
  chat: new EditHistory(texts.chat),
};
const conversation = new Conversation();
const run = element("run", HTMLButtonElement);
const stop = element("stop", HTMLButtonElement);
const clear = element("clear", HTMLButtonElement);
const status = element("status", HTMLOutputElement);
const key = element("key", HTMLInputElement);

let mode: Mode = "complete";
let running: { readonly mode: Mode; readonly controller: AbortController } | undefined;

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

function showStatus(text: string, isError = false): void {
  status.textContent = text;
  status.classList.toggle("error", isError);
}

/** Ends the running answer. With a mode, only if the answer belongs to it. */
function end(only?: Mode): void {
  if (only === undefined || running?.mode === only) running?.controller.abort();
}

/** Marks Run or Stop as disabled. A truly disabled button would lose the focus to the page. */
function setRunning(next: typeof running): void {
  running = next;
  run.setAttribute("aria-disabled", String(next !== undefined));
  stop.setAttribute("aria-disabled", String(next === undefined));
}

/** Reads an answer, passes its text on and shows its speed. */
async function read(path: string, body: object, write: (text: string) => void): Promise<void> {
  const controller = new AbortController();
  setRunning({ mode, controller });
  showStatus("waiting …");
  const began = performance.now();
  let firstAt = 0;
  let pieces = 0;
  let tokens: number | undefined;
  const speed = () => {
    const seconds = (performance.now() - firstAt) / 1000;
    const count = tokens ?? pieces;
    const rate = seconds > 0 && count > 1 ? `, ${((count - 1) / seconds).toFixed(0)} tokens/s` : "";
    return `${count} tokens${rate}, first token after ${(firstAt - began).toFixed(0)} ms`;
  };
  try {
    for await (const event of serverEvents(path, body, key.value, controller.signal)) {
      controller.signal.throwIfAborted(); // Ignore events that arrived before the stop.
      tokens = event.usage?.completion_tokens ?? event.tokens_predicted ?? tokens;
      const text = textOf(event);
      if (text === "") continue;
      if (pieces === 0) firstAt = performance.now();
      pieces++;
      write(text);
      showStatus(speed());
    }
    showStatus(pieces === 0 ? "the answer is empty" : speed());
  } catch (error) {
    if (controller.signal.aborted) {
      showStatus(pieces === 0 ? "stopped before the first token" : `stopped after ${speed()}`);
    } else showStatus((error as Error).message, true);
  } finally {
    setRunning(undefined);
  }
}

function textOf({ choices, content }: ServerEvent): string {
  const [choice] = choices ?? [];
  return choice?.text ?? choice?.delta?.content ?? content ?? "";
}

async function complete(): Promise<void> {
  const area = texts.complete;
  const body = { ...parameters(), prompt: area.value, stream_options: { include_usage: true } };
  const insertion = new Insertion(histories.complete, area.value.length, area.value.length);
  area.scrollTop = area.scrollHeight;
  await read("/v1/completions", body, (text) => insertion.write(text));
  insertion.end();
}

async function infill(): Promise<void> {
  const { value, selectionStart, selectionEnd } = texts.infill;
  const { max_tokens: limit, ...rest } = parameters();
  const body = {
    ...rest,
    ...(limit !== undefined && { n_predict: limit }),
    input_prefix: value.slice(0, selectionStart),
    input_suffix: value.slice(selectionEnd),
  };
  const insertion = new Insertion(histories.infill, selectionStart, selectionEnd);
  await read("/infill", body, (text) => insertion.write(text));
  insertion.end();
}

async function chat(): Promise<void> {
  const area = texts.chat;
  const typed = area.value;
  if (typed.trim() === "") return;
  const exchange = conversation.ask(typed.trim());
  histories.chat.change(exchange, () => {
    area.value = "";
  });
  const { messages } = conversation;
  const body = { ...parameters(), messages, stream_options: { include_usage: true } };
  await read("/v1/chat/completions", body, (text) => exchange.write(text));
  if (!exchange.settle()) return;
  histories.chat.change(exchange, () => {
    area.value = area.value === "" ? typed : `${typed}\n${area.value}`;
  });
}

const actions = { complete, infill, chat };

function start(): void {
  if (running !== undefined) return;
  const error = parameterError();
  if (error === undefined) void actions[mode]();
  else showStatus(error, true);
}

/** Shows the model's name and capabilities. */
async function describeModel(): Promise<void> {
  const headers: HeadersInit = key.value === "" ? {} : { authorization: `Bearer ${key.value}` };
  const response = await fetch("/v1/models", { headers });
  const line = element("model", HTMLElement);
  key.hidden = response.status !== 401 && key.value === "";
  if (!response.ok) {
    line.textContent =
      response.status === 401 ? "Enter an API key." : "The model is not ready yet.";
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
  const supported = (["completion", "infill", "chat"] as const).filter(
    (name) => capabilities[name] === true,
  );
  line.textContent = `${model.id} · ${supported.join(", ")} · context window: ${contextSize} tokens`;
  for (const [index, name] of (["completion", "infill", "chat"] as const).entries()) {
    if (tabs[index] !== undefined) tabs[index].disabled = capabilities[name] !== true;
  }
}

/** The tab that a key moves to. Skips the tabs of modes that the model does not support. */
function tabAt(pressed: string, from: HTMLButtonElement): HTMLButtonElement | undefined {
  const enabled = tabs.filter((tab) => !tab.disabled);
  const index = enabled.indexOf(from);
  if (pressed === "ArrowRight") return enabled[(index + 1) % enabled.length];
  if (pressed === "ArrowLeft") return enabled.at(index - 1);
  if (pressed === "Home") return enabled[0];
  return pressed === "End" ? enabled.at(-1) : undefined;
}

for (const [index, tab] of tabs.entries()) {
  tab.addEventListener("click", () => show(modes[index] ?? "complete"));
  tab.addEventListener("keydown", (event) => {
    const next = tabAt(event.key, tab);
    if (next === undefined) return;
    event.preventDefault(); // By default Home and End scroll the page.
    next.click();
    next.focus();
  });
}
run.addEventListener("click", start);
stop.addEventListener("click", () => end());
clear.addEventListener("click", () => {
  end("chat");
  conversation.clear();
  texts.chat.focus();
});
key.addEventListener("change", () => void describeModel());
document.addEventListener("keydown", (event) => {
  const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey);
  if (sends) {
    event.preventDefault();
    start();
  } else if (event.key === "Escape") {
    end();
  }
});
void describeModel();
