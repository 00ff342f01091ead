import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Tracks the connections of a server and how many unfinished answers each one has. */
export class Connections {
  readonly #answers = new Map<Socket, number>();
  #closing = false;

  constructor(server: Server) {
    server.on("connection", (socket: Socket) => {
      this.#answers.set(socket, 0);
      socket.on("close", () => this.#answers.delete(socket));
    });
    server.on("request", ({ socket }, response: ServerResponse) => this.#add(socket, response));
  }

  /** Closes idle connections now and each other connection after its last answer. */
  finish(): void {
    this.#closing = true;
    for (const [socket, answers] of this.#answers) if (answers === 0) socket.destroy();
  }

  #add(socket: Socket, response: ServerResponse): void {
    this.#answers.set(socket, (this.#answers.get(socket) ?? 0) + 1);
    // By default Node.js closes every connection that is silent for `server.timeout`. A long generation
    // can be silent for longer. Close only when the client does not read data that waits for it.
    response.on("timeout", () => {
      if (socket.writableLength > 0) socket.destroy();
      else socket.setTimeout(socket.timeout ?? 0);
    });
    response.on("close", () => {
      const answers = (this.#answers.get(socket) ?? 0) - 1;
      if (this.#answers.has(socket)) this.#answers.set(socket, answers);
      if (this.#closing && answers === 0) socket.destroySoon();
    });
  }
}
