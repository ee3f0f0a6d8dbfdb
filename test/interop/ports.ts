/** Free TCP ports for programs that must be told one before they start. */
import { createServer } from "node:net";

/** Free at the moment of asking; another program may take it before it is used, which loopback tests live with. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
