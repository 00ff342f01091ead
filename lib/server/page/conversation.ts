import { element, isAtEnd } from "./element.ts";

export interface Message {
  readonly role: "user" | "assistant";
  content: string;
}

/** A question and its answer while it comes. */
export interface Exchange {
  write(text: string): void;
  /** Takes an unanswered question out of the dialog; false when there was none to take. */
  settle(): boolean;
}

/** The dialog: what is shown of it, and what the model is sent. */
export class Conversation {
  readonly #region = element("dialog", HTMLElement);
  readonly #list = element("messages", HTMLOListElement);
  #messages: Message[] = [];

  get messages(): readonly Message[] {
    return this.#messages;
  }

  ask(content: string): Exchange {
    // A new chat has a list of its own, which an answer that ends late leaves alone.
    const messages = this.#messages;
    const answer: Message = { role: "assistant", content: "" };
    messages.push({ role: "user", content });
    const items = [this.#show("user", content), this.#show("assistant", "")] as const;
    this.#region.setAttribute("aria-busy", "true");
    return {
      write: (text) => {
        if (answer.content === "") messages.push(answer);
        answer.content += text;
        const isFollowed = isAtEnd(this.#region);
        items[1].append(text);
        if (isFollowed) this.#region.scrollTop = this.#region.scrollHeight;
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
