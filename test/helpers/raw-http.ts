import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

export interface RawExchange {
  /** Bytes that the client writes, piece by piece. */
  readonly pieces: readonly Buffer[];
  readonly pauseMs: number;
  /** Whether the client resets the connection after its last piece. */
  readonly leaves: boolean;
  /** Longest wait for the server. */
  readonly waitMs: number;
}

export interface RawAnswer {
  /** The status of each answer, in order. A body that looks like a status line counts too. */
  readonly statuses: readonly number[];
  /** Whether the server closed or reset the connection within `waitMs`. */
  readonly closed: boolean;
}

/** Sends raw bytes over a new connection and collects the answers. */
export async function exchangeRaw(port: number, exchange: RawExchange): Promise<RawAnswer> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  let closed = false;
  socket.setEncoding("latin1").on("data", (piece: string) => {
    // The heads are near the beginning, so the rest of a long stream is dropped.
    if (text.length < 2 ** 20) text += piece;
  });
  socket.on("error", () => {});
  const close = new Promise<void>((resolve) => {
    socket.on("close", () => {
      closed = true;
      resolve();
    });
  });
  for (const piece of exchange.pieces) {
    if (closed) break;
    socket.write(piece);
    if (exchange.pauseMs > 0) await delay(exchange.pauseMs);
  }
  if (exchange.leaves) socket.resetAndDestroy();
  const stop = new AbortController();
  const wait = delay(exchange.waitMs, undefined, { signal: stop.signal }).catch(() => {});
  await Promise.race([close, wait]);
  stop.abort();
  const answer = { statuses: statusesOf(text), closed };
  socket.destroy();
  return answer;
}

function statusesOf(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
}
