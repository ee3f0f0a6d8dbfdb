/** `npm run interop`: our device, pool and Template Provider against SRI's pool and mining device. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import { systemEntropy } from "../../firmware/platform/system-entropy.ts";
import { miningDeviceOnOurPool } from "./mining-device-on-our-pool.ts";
import { ourDeviceOnSriPool } from "./our-device-on-sri-pool.ts";
import { findPeers } from "./peers.ts";
import { Rows } from "./rows.ts";
import { wrongAuthorityKey } from "./wrong-authority-key.ts";

/** All together take four to five minutes. */
const EVERYTHING_WITHIN_MS = 8 * 60_000;

const scenarios = { ourDeviceOnSriPool, wrongAuthorityKey, miningDeviceOnOurPool };

const json = process.argv.includes("--json");
const wanted = process.argv.slice(2).filter((argument) => argument !== "--json");
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

try {
  const peers = await findPeers(say);
  // What hangs must not hang for ever; installing does not count.
  setTimeout(() => {
    say("the time is over");
    process.exit(1);
  }, EVERYTHING_WITHIN_MS).unref();
  const ports = { clock: new SystemClock(), entropy: systemEntropy };
  for (const [name, run] of Object.entries(scenarios)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    await run({ peers, directory, ports, rows, say }).catch((error) =>
      rows.add(name, false, textOf(error)),
    );
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
