import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

interface Pipeline {
  /** Settles when the last answer so far is complete. */
  complete: Promise<void>;
  waiting: number;
}

const pipelines = new WeakMap<Socket, Pipeline>();

// More requests that wait for their turn end the connection: they are held in memory.
const longestPipeline = 100;

/**
 * Begins a request when those before it on the same connection are answered, in a turn of the event
 * loop of its own. Node.js begins all at once that arrive together, thousands in one turn, and says
 * nothing to those that wait when the client leaves.
 */
export function inTurn(
  { socket, httpVersionMajor }: IncomingMessage,
  answer: ServerResponse,
  begin: () => void,
): void {
  const complete = new Promise<void>((resolve) => answer.once("close", resolve));
  const pipeline = pipelines.get(socket);
  // Requests of HTTP/2 share a connection and do not wait for each other.
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
