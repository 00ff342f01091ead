import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** The connections of a server, and the answers that each of them still has to carry. */
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

  /** Closes those without an answer to come now, and the others after their last answer. */
  finish(): void {
    this.#closing = true;
    for (const [socket, answers] of this.#answers) if (answers === 0) socket.destroy();
  }

  #add(socket: Socket, response: ServerResponse): void {
    this.#answers.set(socket, (this.#answers.get(socket) ?? 0) + 1);
    // Without this, Node.js ends every connection that is silent for `server.timeout`. A long
    // generation may be silent; a client that takes nothing of what waits for it may not.
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
