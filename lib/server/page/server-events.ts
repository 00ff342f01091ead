/** Event of a streamed answer, from any of the three routes. */
export interface ServerEvent {
  readonly choices?: readonly {
    readonly text?: string;
    readonly delta?: { readonly content?: string };
  }[];
  readonly content?: string;
  readonly usage?: { readonly completion_tokens: number };
  readonly tokens_predicted?: number;
  readonly error?: { readonly message: string };
}

/**
 * Requests a streamed answer and yields its events.
 * @throws Error with the server's message
 */
export async function* serverEvents(
  path: string,
  body: object,
  key: string,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent> {
  const response = await fetch(path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(key !== "" && { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify({ ...body, stream: true }),
    signal,
  });
  if (!response.ok || response.body === null) {
    const { error } = (await response.json()) as ServerEvent;
    throw new Error(error?.message ?? `the server answered with status ${response.status}`);
  }
  let rest = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + piece).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      if (!block.startsWith("data: ") || block === "data: [DONE]") continue;
      const event = JSON.parse(block.slice(6)) as ServerEvent;
      if (event.error !== undefined) throw new Error(event.error.message);
      yield event;
    }
  }
}
