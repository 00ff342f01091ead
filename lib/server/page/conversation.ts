import { element, isAtEnd } from "./element.ts";

export interface Message {
  readonly role: "user" | "assistant";
  content: string;
}

/** A question and the answer that streams in. */
export interface Exchange {
  write(text: string): void;
  /** Ends the exchange. Removes a question without an answer and returns true if it did. */
  settle(): boolean;
}

/** The dialog: its list on the page and the messages for the model. */
export class Conversation {
  readonly #region = element("dialog", HTMLElement);
  readonly #list = element("messages", HTMLOListElement);
  #messages: Message[] = [];

  get messages(): readonly Message[] {
    return this.#messages;
  }

  ask(content: string): Exchange {
    // A new chat gets a new list, so that a late answer of the old chat does not change it.
    const messages = this.#messages;
    const answer: Message = { role: "assistant", content: "" };
    messages.push({ role: "user", content });
    const items = [this.#show("user", content), this.#show("assistant", "")] as const;
    this.#region.setAttribute("aria-busy", "true");
    return {
      write: (text) => {
        if (answer.content === "") messages.push(answer);
        answer.content += text;
        const wasAtEnd = isAtEnd(this.#region);
        items[1].append(text);
        if (wasAtEnd) this.#region.scrollTop = this.#region.scrollHeight;
      },
      settle: () => {
        this.#region.setAttribute("aria-busy", "false");
        if (answer.content !== "" || messages !== this.#messages) return false;
        messages.pop();
        for (const item of items) item.remove();
        return true;
      },
    };
  }

  clear(): void {
    this.#messages = [];
    this.#list.replaceChildren();
  }

  #show(role: Message["role"], content: string): HTMLLIElement {
    const item = document.createElement("li");
    item.className = role;
    item.textContent = content;
    this.#list.append(item);
    this.#region.scrollTop = this.#region.scrollHeight;
    return item;
  }
}
