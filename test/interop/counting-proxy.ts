/** A TCP proxy that counts what each side sends, so that a test sees what really left a device. */
import { connect, createServer } from "node:net";

export interface ProxiedConnection {
  bytesFromClient: number;
  bytesFromServer: number;
  isOpen: boolean;
}

export interface CountingProxy {
  readonly port: number;
  readonly connections: readonly ProxiedConnection[];
  close(): Promise<void>;
}

export function startCountingProxy(targetPort: number): Promise<CountingProxy> {
  const connections: ProxiedConnection[] = [];
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((client) => {
    const upstream = connect({ host: "127.0.0.1", port: targetPort });
    const counted = { bytesFromClient: 0, bytesFromServer: 0, isOpen: true };
    connections.push(counted);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      // A reset on one side ends the other; the counts are what matters here.
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        counted.isOpen = false;
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (chunk) => {
      counted.bytesFromClient += chunk.length;
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      counted.bytesFromServer += chunk.length;
      client.write(chunk);
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve({
        port: typeof address === "object" && address !== null ? address.port : 0,
        connections,
        close: () =>
          new Promise((done) => {
            for (const socket of sockets) socket.destroy();
            server.close(() => done());
          }),
      });
    });
  });
}
