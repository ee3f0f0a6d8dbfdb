/** Opens TCP connections. */

import { connect } from "node:net";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import { TcpStream } from "./tcp-stream.ts";

/** The kernel asks a silent far end whether it still lives; a dead one ends the stream with ETIMEDOUT. */
export const KEEP_ALIVE_AFTER_MS = 30_000;
/**
 * For each address of a name but the last. Node's 250 ms gives up on distant pools (satellite, Tor) that have two
 * addresses; the upstream's 10 s for the whole dial still reach the fifth.
 */
const ADDRESS_ATTEMPT_MS = 2_000;

/** Rejects with the system's error (`code` "ECONNREFUSED", "ENOTFOUND", …) or with the signal's reason. */
export function dialTcp(host: string, port: number, signal: AbortSignal): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
      autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_MS,
    });
    const onAbort = () => {
      socket.destroy();
      reject(signal.reason);
    };
    const onError = (error: Error) => {
      signal.removeEventListener("abort", onAbort);
      reject(firstOf(error));
    };
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("error", onError);
    socket.once("connect", () => {
      signal.removeEventListener("abort", onAbort);
      socket.off("error", onError);
      resolve(new TcpStream(socket, `${host}:${port}`));
    });
  });
}

/** With several addresses Node reports all failures in one error without a message. */
function firstOf(error: Error): Error {
  return error instanceof AggregateError && error.errors[0] instanceof Error
    ? error.errors[0]
    : error;
}
