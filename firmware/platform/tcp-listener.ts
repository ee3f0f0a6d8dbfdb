/** Accepts TCP connections; the simulated pool stands behind it. */

import { type AddressInfo, createServer } from "node:net";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import { KEEP_ALIVE_AFTER_MS } from "./tcp-dialer.ts";
import { TcpStream } from "./tcp-stream.ts";

export interface Listener {
  /** The port in use; of interest when 0 was asked for. */
  readonly port: number;
  /** Accepts no more, closes what is open in order, and resolves when all is gone. Idempotent. */
  close(): Promise<void>;
}

/** Rejects with the system's error (`code` "EADDRINUSE", "EACCES", …). */
export function listen(
  host: string,
  port: number,
  onConnection: (stream: ByteStream) => void,
): Promise<Listener> {
  const open = new Set<ByteStream>();
  const server = createServer({
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
  });
  server.on("connection", (socket) => {
    const stream = new TcpStream(socket, `${socket.remoteAddress}:${socket.remotePort}`);
    open.add(stream);
    stream.onEnd(() => open.delete(stream));
    onConnection(stream);
  });
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= new Promise((resolve) => {
      server.close(() => resolve());
      for (const stream of open) stream.close();
    });
    return closed;
  };
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve({ port: (server.address() as AddressInfo).port, close });
    });
  });
}
