/** `npm run interop`: our device, pool and Template Provider against programs that nobody here wrote. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import { systemEntropy } from "../../firmware/platform/system-entropy.ts";
import { blocksForBcoin } from "./blocks-for-bcoin.ts";
import { extendedChannelOnSriPool } from "./extended-channel-on-sri-pool.ts";
import { miningDeviceOnOurPool } from "./mining-device-on-our-pool.ts";
import { ourDeviceOnJdClient } from "./our-device-on-jd-client.ts";
import { ourDeviceOnSriPool } from "./our-device-on-sri-pool.ts";
import { ourDeviceOnTranslator } from "./our-device-on-translator.ts";
import { findPeers, type PeerName } from "./peers.ts";
import { Rows } from "./rows.ts";
import type { Scenario } from "./scenario.ts";
import { wrongAuthorityKey } from "./wrong-authority-key.ts";

/** All together take some seven minutes. */
const EVERYTHING_WITHIN_MS = 12 * 60_000;

const scenarios: Readonly<Record<string, Scenario>> = {
  ourDeviceOnSriPool: { needs: ["pool"], run: ourDeviceOnSriPool },
  wrongAuthorityKey: { needs: ["pool"], run: wrongAuthorityKey },
  extendedChannelOnSriPool: { needs: ["pool"], run: extendedChannelOnSriPool },
  ourDeviceOnTranslator: { needs: ["pool", "translator"], run: ourDeviceOnTranslator },
  ourDeviceOnJdClient: { needs: ["jdClient"], run: ourDeviceOnJdClient },
  miningDeviceOnOurPool: { needs: ["miningDevice"], run: miningDeviceOnOurPool },
  blocksForBcoin: { needs: ["bcoin"], run: blocksForBcoin },
};

const json = process.argv.includes("--json");
/** Names may stand alone or after --only. */
const wanted = process.argv.slice(2).filter((argument) => !["--json", "--only"].includes(argument));
const startedMs = performance.now();
const seconds = () => Math.round((performance.now() - startedMs) / 1_000);
const say = (text: string) =>
  void process.stderr.write(`${`${seconds()}`.padStart(4)} s  ${text}\n`);

const directory = mkdtempSync(join(tmpdir(), "asicd-interop-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));

const rows = new Rows(say);
for (const name of wanted)
  if (!(name in scenarios))
    rows.add(name, false, `unknown; known are: ${Object.keys(scenarios).join(", ")}`);
const chosen = Object.entries(scenarios).filter(
  ([name]) => wanted.length === 0 || wanted.includes(name),
);

try {
  const needs = new Set<PeerName>(chosen.flatMap(([, scenario]) => scenario.needs));
  const peers = await findPeers(needs, say);
  // What hangs must not hang for ever; installing does not count.
  setTimeout(() => {
    say("the time is over");
    process.exit(1);
  }, EVERYTHING_WITHIN_MS).unref();
  const ports = { clock: new SystemClock(), entropy: systemEntropy };
  for (const [name, scenario] of chosen) {
    const beforeS = seconds();
    await scenario
      .run({ peers, directory, ports, rows, say })
      .catch((error) => rows.add(name, false, textOf(error)));
    say(`${name} took ${seconds() - beforeS} s`);
  }
} catch (error) {
  rows.add("the programs of others are there", false, textOf(error));
}

const passed = rows.allPassed;
if (json)
  process.stdout.write(`${JSON.stringify({ passed, seconds: seconds(), rows: rows.all })}\n`);
else process.stdout.write(`\n${rows.table()}\n${passed ? "all passed" : "NOT all passed"}\n`);
// Children and sockets that a failed scenario left open end with the process.
process.exit(passed ? 0 : 1);

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
