/**
 * SRI's translator as a Stratum V1 server that is not ours. It checks each share, sends it on by the extended channel that
 * it has with SRI's pool, and the pool checks it again:
 * our Template Provider → pool_sv2 → translator_sv2 → Stratum V1 → our device.
 */
import { waitFor } from "./children.ts";
import { startDevice } from "./device.ts";
import { CHANGES_WANTED, hasFollowedEnough, mineAWhile, SHARES_WANTED } from "./mined.ts";
import { freePort } from "./ports.ts";
import { blocksHold, startBusyProvider } from "./provider.ts";
import type { Stage } from "./scenario.ts";
import { noneRejected, sharesText } from "./sri-log.ts";
import { startSriPool } from "./sri-pool.ts";
import { startSriTranslator } from "./sri-translator.ts";

const CHAINS = 3;
const SHARES_PER_MINUTE = 120;
/** Of the machine that the translator expects: below what the simulated one hashes even on a slow host. */
const MINER_HPS = 250_000;
/** What a device must have said for its shares to count. */
const CALLS_WANTED = ["mining.configure", "mining.subscribe", "mining.authorize", "mining.submit"];
/** Lines of a log through a pipe. */
const TOLD_WITHIN_MS = 5_000;

export async function ourDeviceOnTranslator({ peers, directory, ports, rows, say }: Stage) {
  say("SRI's translator before SRI's pool: our device speaks Stratum V1");
  await using provider = await startBusyProvider(ports);
  await using pool = await startSriPool({
    program: peers.pool,
    directory,
    port: await freePort(),
    templateProviderPort: provider.port,
    sharesPerMinute: SHARES_PER_MINUTE,
    shareBatchSize: 1,
  });
  await using translator = await startSriTranslator({
    program: peers.translator,
    directory,
    port: await freePort(),
    poolPort: pool.port,
    sharesPerMinute: SHARES_PER_MINUTE,
    minerHps: MINER_HPS,
  });
  const url = `stratum+tcp://127.0.0.1:${translator.port}`;
  await using device = startDevice(url, [
    ...["--user", "asicd.interop", "--chains", `${CHAINS}`, "--chips", "32"],
  ]);
  const { counts } = pool;
  const followed = await mineAWhile(device, counts);
  const report = await device.finish();
  // What it said of the last shares may still be on its way to us.
  const hasTold = () => translator.counts.forwarded + translator.counts.dropped >= report.accepted;
  await waitFor(hasTold, TOLD_WITHIN_MS, translator.child);

  const { calls, forwarded, dropped, refusedByPool } = translator.counts;
  rows.add(
    "Stratum V1: the device configures, subscribes, authorizes and submits",
    CALLS_WANTED.every((method) => (calls[method] ?? 0) > 0),
    Object.entries(calls)
      .map(([method, times]) => `${method} ${times}`)
      .join(", "),
  );
  rows.add(
    `Stratum V1: ≥ ${SHARES_WANTED} shares accepted by the translator, and by the pool behind it, none rejected`,
    report.accepted >= SHARES_WANTED &&
      counts.accepted >= SHARES_WANTED &&
      noneRejected(counts) &&
      report.rejected <= counts.newBlocks,
    `device ${report.accepted} accepted, ${report.rejected} rejected ${JSON.stringify(report.pool.rejectedByReason)}; pool ${sharesText(counts)}`,
  );
  const perChain = report.chains.map(({ accepted }) => accepted);
  rows.add(
    `Stratum V1: one connection, one extended channel behind it, shared by ${CHAINS} chains`,
    counts.extendedChannels === 1 && perChain.every((accepted) => accepted > 0),
    `${counts.extendedChannels} extended; accepted of each chain: ${perChain.join(", ")}`,
  );
  rows.add(
    `Stratum V1: over ≥ ${CHANGES_WANTED} new blocks and ≥ ${CHANGES_WANTED} fee-bump templates`,
    hasFollowedEnough(followed) && report.pool.blocksSeen >= CHANGES_WANTED,
    `${followed.newBlocks} blocks (device saw ${report.pool.blocksSeen}), ${followed.feeBumps} templates`,
  );
  rows.add(
    "Stratum V1: blocks hold before our Template Provider, coinbase and all",
    ...blocksHold(provider),
  );
  rows.add(
    "Stratum V1: device, translator and pool agree on what was accepted",
    // What its V1 half has accepted its channel with the pool may drop by intention: below that channel's target, or of a job
    // that is gone. The pool refuses what crossed a block behind its back. The last answers may not come before the end.
    forwarded - 3 <= report.accepted &&
      report.accepted <= forwarded + dropped &&
      counts.accepted + refusedByPool.length <= forwarded &&
      counts.accepted + refusedByPool.length >= forwarded - 3,
    `device ${report.accepted}; translator ${forwarded} sent on, ${dropped} dropped; pool ${counts.accepted} and ${refusedByPool.length} refused`,
  );
}
