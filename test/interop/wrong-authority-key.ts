/** Our device is given a key that SRI's pool does not have: nothing may leave the device after its handshake's first act. */
import { schnorr } from "@noble/curves/secp256k1.js";
import { runTemplateProvider } from "../../simulator/template-provider/main.ts";
import { formatAuthorityKey } from "../../src/noise/authority-key.ts";
import { ACT1_BYTES, ACT2_BYTES } from "../../src/noise/nx-handshake.ts";
import { waitFor } from "./children.ts";
import { closing } from "./closing.ts";
import { startCountingProxy } from "./counting-proxy.ts";
import { startDevice } from "./device.ts";
import { freePort } from "./ports.ts";
import type { Stage } from "./scenario.ts";
import { startSriPool } from "./sri-pool.ts";

export async function wrongAuthorityKey({ peers, directory, ports, rows, say }: Stage) {
  say("our device with a wrong authority key, through a proxy that counts bytes");
  await using provider = closing(
    await runTemplateProvider({ host: "127.0.0.1", port: 0 }, {}, ports),
  );
  await using pool = await startSriPool({
    program: peers.pool,
    directory,
    port: await freePort(),
    templateProviderPort: provider.port,
    sharesPerMinute: 60,
    shareBatchSize: 1,
  });
  await using proxy = closing(await startCountingProxy(pool.port));
  const wrongKey = formatAuthorityKey(schnorr.getPublicKey(new Uint8Array(32).fill(7)));
  await using device = startDevice(`stratum2+tcp://127.0.0.1:${proxy.port}/${wrongKey}`, [
    "--chains",
    "1",
    "--chips",
    "1",
  ]);
  const isOver = () =>
    proxy.connections.some(({ isOpen, bytesFromServer }) => !isOpen && bytesFromServer > 0);
  await waitFor(isOver, 60_000, device.child);
  // Long enough to see anything that would still come, a hasty second attempt included.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const attempts = proxy.connections.map((counted) => ({ ...counted }));
  const report = await device.finish();
  const { connections } = proxy;
  const bytes = connections.map(
    ({ bytesFromClient, bytesFromServer }) =>
      `${bytesFromClient} sent, ${bytesFromServer} received`,
  );
  rows.add(
    "a wrong authority key is refused before anything is sent",
    attempts.length > 0 &&
      connections.every(
        ({ bytesFromClient, bytesFromServer }) =>
          bytesFromClient === ACT1_BYTES && bytesFromServer === ACT2_BYTES,
      ) &&
      report.submitted === 0 &&
      pool.counts.standardChannels === 0,
    bytes.join("; ") || "no connection",
  );
}
