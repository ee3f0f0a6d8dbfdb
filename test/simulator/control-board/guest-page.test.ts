import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { GuestPage } from "../../../simulator/control-board/guest-page.ts";

const ANSWER_WITHIN_MS = 300;

test("a question that nobody answers ends in time, whatever is collected meanwhile", async () => {
  await using silent = await serving(createServer(() => {}));
  using page = new GuestPage(silent.port, ANSWER_WITHIN_MS);
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const collecting = setInterval(collect, ANSWER_WITHIN_MS / 10);
  try {
    await expect(page.status()).rejects.toThrow("GET /api/v1/status: no answer within 300 ms");
  } finally {
    clearInterval(collecting);
  }
});

test("an answer that begins and does not end counts as none", async () => {
  await using stuck = await serving(createServer((_, response) => void response.write("{")));
  using page = new GuestPage(stuck.port, ANSWER_WITHIN_MS);
  await expect(page.events()).rejects.toThrow("GET /api/v1/events?limit=200: no answer within");
});

async function serving(server: Server): Promise<{ readonly port: number } & AsyncDisposable> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
