/** Our device mines on SRI's pool, which our Template Provider feeds: batches of 1 and of 10, with a restart in between. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runTemplateProvider } from "../../simulator/template-provider/main.ts";
import { compactFromTarget, targetFromBigInt } from "../../src/bitcoin/target.ts";
import { waitFor } from "./children.ts";
import { type Device, startDevice } from "./device.ts";
import { freePort } from "./ports.ts";
import type { Scenario } from "./scenario.ts";
import { SRI_AUTHORITY_KEY, type SriPool, type SriPoolCounts, startSriPool } from "./sri-pool.ts";

const SHARES_PER_MINUTE = 60;
/** The chips keep easier hashes than this to themselves, so that easy targets bring a few shares a second and no flood. */
const DEVICE_OPTIONS = ["--user", "asicd.interop", "--ticket-difficulty", "2048"];
const CHAINS = 3;
const CHIPS = 126;
/** So many of them go on: far below what the device claims (the pool acts on 60 %), and enough for no chain to seem silent. */
const CHIPS_LEFT = 32;
/** Of the simulated world's life: after the first share, and for two looks of the pool. */
const FEWER_CHIPS = "40s..165s";
/** How often a share of our device should be a block, once the network target is made easy. */
const SECONDS_PER_BLOCK = 12;
const SHARES_WANTED = 100;
const FIRST_SHARE_WITHIN_MS = 90_000;
/** The pool looks once a minute, and wants a minute's shares before it acts. */
const VARDIFF_WITHIN_MS = 190_000;

export async function ourDeviceOnSriPool({ peers, directory, ports, rows, say }: Scenario) {
  const loopback = { host: "127.0.0.1", port: 0 };
  const schedule = { blockIntervalMs: 20_000, templateIntervalMs: 7_000 };
  const hard = await runTemplateProvider(loopback, schedule, ports);
  const port = await freePort();
  const poolSettings = {
    program: peers.pool,
    directory,
    port,
    sharesPerMinute: SHARES_PER_MINUTE,
  };

  say("SRI's pool with batches of 1; our device: 3 chains of 126 chips");
  const first = await startSriPool({
    ...poolSettings,
    templateProviderPort: hard.port,
    shareBatchSize: 1,
  });
  const device = startDevice(`stratum2+tcp://127.0.0.1:${port}/${SRI_AUTHORITY_KEY}`, [
    ...DEVICE_OPTIONS,
    "--fault-file",
    writeFaults(directory),
  ]);
  await waitFor(() => first.counts.accepted > 0, FIRST_SHARE_WITHIN_MS, device.child);
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
    shares(counts),
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
  const nbits = nbitsForBlocksEvery(SECONDS_PER_BLOCK, counts.claimedHps);
  const easy = await runTemplateProvider(loopback, { ...schedule, nbits }, ports);
  const second = await restart(first, () =>
    startSriPool({ ...poolSettings, templateProviderPort: easy.port, shareBatchSize: 10 }),
  );
  await waitFor(
    () => second.counts.acknowledgements >= 5 && easy.provider.statistics().blocksFound > 0,
    90_000,
    device.child,
  );
  const report = await device.finish();
  await second.child.end();
  rows.add(
    "a pool restart: the device reconnects and goes on",
    report.pool.connects >= 2 && second.counts.channelsOpened >= 3 && second.counts.accepted > 0,
    `${report.pool.connects} connects, ${second.counts.channelsOpened} channels opened again`,
  );
  rows.add(
    "share_batch_size 10: acknowledged in batches, none rejected",
    second.counts.acknowledgements >= 5 && noneRejected(second.counts),
    `${shares(second.counts)}, ${second.counts.acknowledgements} acknowledgements`,
  );
  const { blocksFound, solutionsRefused } = easy.provider.statistics();
  rows.add(
    "blocks found by our device hold before our Template Provider",
    blocksFound > 0 && solutionsRefused === 0,
    `${blocksFound} blocks, ${solutionsRefused} refused`,
  );
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
  await Promise.all([hard.close(), easy.close()]);
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

async function changeTargets(counts: SriPoolCounts, device: Device, say: (text: string) => void) {
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

function nbitsForBlocksEvery(seconds: number, hashrateHps: number): number {
  const hashes = BigInt(Math.ceil(hashrateHps * seconds));
  return compactFromTarget(targetFromBigInt(2n ** 256n / hashes));
}

async function restart(pool: SriPool, startAgain: () => Promise<SriPool>): Promise<SriPool> {
  await pool.child.end();
  return startAgain();
}

/** A share may cross a block on the wire; more than one per block would be the device's own slowness. */
function noneRejected({ rejections, crossedOnTheWire, newBlocks }: SriPoolCounts): boolean {
  return rejections.length === 0 && crossedOnTheWire <= newBlocks;
}

function shares(counts: SriPoolCounts): string {
  const { accepted, rejections, crossedOnTheWire } = counts;
  const why = rejections.length === 0 ? "" : ` (${[...new Set(rejections)].join(", ")})`;
  const crossed = crossedOnTheWire === 0 ? "" : `, ${crossedOnTheWire} crossed a block on the wire`;
  return `${accepted} accepted, ${rejections.length} rejected${why}${crossed}`;
}
