/** For simulations, several of which may run on one computer: where a port is taken, the kernel chooses another. */
import { createServer } from "node:net";

/** "HOST:PORT" each; of those that are taken "HOST:0". */
export function freeAddresses(addresses: readonly string[]): Promise<readonly string[]> {
  return Promise.all(
    addresses.map(async (address) => {
      const [, host = "", port = ""] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
      return (await isTaken(host, Number(port))) ? address.replace(/\d+$/, "0") : address;
    }),
  );
}

function isTaken(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "EADDRINUSE"));
    server.listen({ host, port }, () => server.close(() => resolve(false)));
  });
}
