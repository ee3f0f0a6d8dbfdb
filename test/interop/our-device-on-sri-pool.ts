/** Our device mines on SRI's pool, which our Template Provider feeds: batches of 1 and of 10, with a restart in between. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runTemplateProvider } from "../../simulator/template-provider/main.ts";
import { waitFor } from "./children.ts";
import { closing } from "./closing.ts";
import { type Device, startDevice } from "./device.ts";
import { nbitsForOneIn } from "./network-target.ts";
import { freePort } from "./ports.ts";
import { blocksHold } from "./provider.ts";
import type { Stage } from "./scenario.ts";
import { noneRejected, type SriCounts, sharesText } from "./sri-log.ts";
import { type SriPool, startSriPool } from "./sri-pool.ts";
import { SRI_AUTHORITY_KEY } from "./sri-program.ts";

const SHARES_PER_MINUTE = 60;
/** The chips keep easier hashes than this to themselves, so that easy targets bring a few shares a second and no flood. */
const DEVICE_OPTIONS = ["--user", "asicd.interop", "--ticket-difficulty", "2048"];
const CHAINS = 3;
const CHIPS = 126;
/** So many of them go on: far below what the device claims (the pool acts on 60 %), and enough for no chain to seem silent. */
const CHIPS_LEFT = 32;
/**
 * Of the simulated world's life, which begins with the pool's or a moment later. The pool looks every minute: after one the
 * channels are too young to be judged, after two it sees too few shares, after three too many again.
 */
const FEWER_CHIPS = "28s..126s";
/** How often a share of our device should be a block, once the network target is made easy. */
const SECONDS_PER_BLOCK = 12;
const SHARES_WANTED = 100;
const FIRST_SHARE_WITHIN_MS = 90_000;
/** Of the pool's looks, a minute apart, one may come to nothing. */
const VARDIFF_WITHIN_MS = 190_000;

export async function ourDeviceOnSriPool({ peers, directory, ports, rows, say }: Stage) {
  const loopback = { host: "127.0.0.1", port: 0 };
  const schedule = { blockIntervalMs: 20_000, templateIntervalMs: 7_000 };
  await using hard = closing(await runTemplateProvider(loopback, schedule, ports));
  const port = await freePort();
  const poolSettings = {
    program: peers.pool,
    directory,
    port,
    sharesPerMinute: SHARES_PER_MINUTE,
  };

  say("SRI's pool with batches of 1; our device: 3 chains of 126 chips");
  await using first = await startSriPool({
    ...poolSettings,
    templateProviderPort: hard.port,
    shareBatchSize: 1,
  });
  await using device = startDevice(`stratum2+tcp://127.0.0.1:${port}/${SRI_AUTHORITY_KEY}`, [
    ...DEVICE_OPTIONS,
    "--fault-file",
    writeFaults(directory),
  ]);
  if (!(await waitFor(() => first.counts.accepted > 0, FIRST_SHARE_WITHIN_MS, device.child)))
    throw new Error(`no share within ${FIRST_SHARE_WITHIN_MS / 1_000} s`);
  const { counts } = first;
  await changeTargets(counts, device, say);
  await waitFor(
    () => counts.accepted >= SHARES_WANTED && counts.newBlocks > 3 && counts.feeBumps >= 3,
    60_000,
    device.child,
  );
  rows.add(
    `share_batch_size 1: ≥ ${SHARES_WANTED} shares accepted, none rejected`,
    counts.accepted >= SHARES_WANTED && noneRejected(counts),
    sharesText(counts),
  );
  // The first previous hash is the one that the pool starts with.
  const blocks = counts.newBlocks - 1;
  rows.add("over three new blocks", blocks >= 3, `${blocks} blocks`);
  rows.add("fee-bump templates", counts.feeBumps >= 3, `${counts.feeBumps} templates`);
  rows.add(
    "vardiff makes targets easier, then harder; shares by each",
    counts.easierTargets > 0 && counts.harderTargets > 0 && counts.acceptedByLastTarget >= 10,
    `${counts.easierTargets} easier, ${counts.harderTargets} harder, ${counts.acceptedByLastTarget} shares by the last`,
  );

  say("the pool restarts with batches of 10 and a network target that shares can meet");
  const nbits = nbitsForOneIn(SECONDS_PER_BLOCK * counts.claimedHps);
  await using easy = closing(await runTemplateProvider(loopback, { ...schedule, nbits }, ports));
  await using second = await restart(first, () =>
    startSriPool({ ...poolSettings, templateProviderPort: easy.port, shareBatchSize: 10 }),
  );
  await waitFor(
    () => second.counts.acknowledgements >= 5 && easy.provider.statistics().blocksFound > 0,
    90_000,
    device.child,
  );
  const report = await device.finish();
  rows.add(
    "a pool restart: the device reconnects and goes on",
    report.pool.connects >= 2 && second.counts.standardChannels >= 3 && second.counts.accepted > 0,
    `${report.pool.connects} connects, ${second.counts.standardChannels} channels opened again`,
  );
  rows.add(
    "share_batch_size 10: acknowledged in batches, none rejected",
    second.counts.acknowledgements >= 5 && noneRejected(second.counts),
    `${sharesText(second.counts)}, ${second.counts.acknowledgements} acknowledgements`,
  );
  rows.add("blocks found by our device hold before our Template Provider", ...blocksHold(easy));
  const acknowledged = counts.acknowledged + second.counts.acknowledged;
  const accepted = counts.accepted + second.counts.accepted;
  const refused = counts.crossedOnTheWire + second.counts.crossedOnTheWire;
  rows.add(
    "device and pool agree on what was accepted and rejected",
    // Of what the pool accepted, the tail of a batch, and what a restart cuts off, is never acknowledged.
    acknowledged - 3 <= report.accepted &&
      report.accepted <= accepted &&
      report.rejected <= refused,
    `device ${report.accepted} and ${report.rejected}; pool ${accepted} (${acknowledged} acknowledged) and ${refused}`,
  );
}

/** Most chips do nothing for a while, so that the pool has a reason to change its targets: easier, then harder again. */
function writeFaults(directory: string): string {
  const path = join(directory, "fewer-chips.faults");
  const lines: string[] = [];
  for (let chain = 0; chain < CHAINS; chain++)
    for (let chip = CHIPS_LEFT; chip < CHIPS; chip++)
      lines.push(`${FEWER_CHIPS} chip-dead chain=${chain} chip=${chip}`);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

async function changeTargets(counts: SriCounts, device: Device, say: (text: string) => void) {
  say(
    "first share accepted; waiting until the pool's vardiff makes targets easier for fewer chips",
  );
  await waitFor(() => counts.easierTargets > 0, VARDIFF_WITHIN_MS, device.child);
  say("and until it makes them harder for all of them");
  await waitFor(
    () => counts.harderTargets > 0 && counts.acceptedByLastTarget >= 10,
    VARDIFF_WITHIN_MS,
    device.child,
  );
}

async function restart(pool: SriPool, startAgain: () => Promise<SriPool>): Promise<SriPool> {
  await pool.child.end();
  return startAgain();
}
