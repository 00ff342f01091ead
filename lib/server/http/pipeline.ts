import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

interface Pipeline {
  /** Resolves when the newest answer is complete. */
  complete: Promise<void>;
  waiting: number;
}

const pipelines = new WeakMap<Socket, Pipeline>();

// Waiting requests use memory. A connection with more of them is closed.
const longestPipeline = 100;

/**
 * Starts a request after the earlier requests of its connection are answered, in its own turn of the
 * event loop. Node.js starts all pipelined requests at once, up to thousands in one turn, and does
 * not notify the waiting ones when the client leaves.
 */
export function inTurn(
  { socket, httpVersionMajor }: IncomingMessage,
  answer: ServerResponse,
  begin: () => void,
): void {
  const complete = new Promise<void>((resolve) => answer.once("close", resolve));
  const pipeline = pipelines.get(socket);
  // HTTP/2 requests share a connection and do not wait for each other.
  if (pipeline === undefined || httpVersionMajor > 1) {
    pipelines.set(socket, { complete, waiting: 0 });
    begin();
    return;
  }
  const before = pipeline.complete;
  pipeline.complete = complete;
  pipeline.waiting++;
  if (pipeline.waiting > longestPipeline) socket.destroy();
  before.then(() =>
    setImmediate(() => {
      pipeline.waiting--;
      if (!socket.destroyed) begin();
    }),
  );
}
