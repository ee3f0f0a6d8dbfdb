/** A serial line whose host's end is a TCP connection: QEMU connects each of its serial ports to one of these. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { Signal } from "../../src/lib/signal.ts";

/**
 * Bytes only: QEMU tells nobody at which rate the guest's UART runs, so chips behind it cannot see a host that talks at
 * the wrong one.
 */
export interface SocketLine extends AsyncDisposable {
  /** On loopback. */
  readonly port: number;
  readonly isConnected: boolean;
  /** Lost while nobody is connected, as on a wire that leads nowhere. */
  write(bytes: Uint8Array): void;
  /** What the host sent; the chunk is borrowed. */
  onData(listener: (chunk: Uint8Array) => void): Disposable;
}

/** Rejects with the system's error when there is no port to be had. */
export async function openSocketLine(): Promise<SocketLine> {
  const data = new Signal<Uint8Array>();
  let socket: Socket | undefined;
  const server = createServer({ noDelay: true }, (next) => {
    // A machine that starts anew takes the place of the one before.
    socket?.destroy();
    socket = next;
    next.on("data", (chunk: Uint8Array) => data.emit(chunk));
    next.on("error", () => {});
    next.once("close", () => {
      if (socket === next) socket = undefined;
    });
  });
  await listening(server);
  return {
    port: (server.address() as AddressInfo).port,
    get isConnected() {
      return socket !== undefined;
    },
    write: (bytes) => void socket?.write(bytes),
    onData: (listener) => data.on(listener),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        socket?.destroy();
      }),
  };
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0 }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
