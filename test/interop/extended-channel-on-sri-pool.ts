/** One extended channel of SRI's pool for all chains of our device: the coinbase is ours to finish, the pool checks it. */
import { startDevice } from "./device.ts";
import { CHANGES_WANTED, hasFollowedEnough, mineAWhile, SHARES_WANTED } from "./mined.ts";
import { freePort } from "./ports.ts";
import { blocksHold, startBusyProvider } from "./provider.ts";
import type { Stage } from "./scenario.ts";
import { noneRejected, sharesText } from "./sri-log.ts";
import { startSriPool } from "./sri-pool.ts";
import { SRI_AUTHORITY_KEY } from "./sri-program.ts";

const CHAINS = 3;

export async function extendedChannelOnSriPool({ peers, directory, ports, rows, say }: Stage) {
  say("SRI's pool: our device asks for an extended channel for its three chains");
  await using provider = await startBusyProvider(ports);
  await using pool = await startSriPool({
    program: peers.pool,
    directory,
    port: await freePort(),
    templateProviderPort: provider.port,
    sharesPerMinute: 180,
    shareBatchSize: 10,
  });
  const { counts } = pool;
  const url = `stratum2+tcp://127.0.0.1:${pool.port}/${SRI_AUTHORITY_KEY}`;
  const options = ["--channel", "extended", "--chains", `${CHAINS}`, "--chips", "32"];
  await using device = startDevice(url, options);
  const followed = await mineAWhile(device, counts);
  const report = await device.finish();

  rows.add(
    `extended channel: ≥ ${SHARES_WANTED} shares accepted, none rejected`,
    counts.accepted >= SHARES_WANTED && noneRejected(counts),
    sharesText(counts),
  );
  const perChain = report.chains.map(({ accepted }) => accepted);
  rows.add(
    `one extended channel, shared by ${CHAINS} chains`,
    counts.extendedChannels === 1 &&
      counts.standardChannels === 0 &&
      perChain.length === CHAINS &&
      perChain.every((accepted) => accepted > 0),
    `${counts.extendedChannels} extended, ${counts.standardChannels} standard; accepted of each chain: ${perChain.join(", ")}`,
  );
  rows.add(
    `extended channel: over ≥ ${CHANGES_WANTED} new blocks and ≥ ${CHANGES_WANTED} fee-bump templates`,
    hasFollowedEnough(followed) && report.pool.blocksSeen >= CHANGES_WANTED,
    `${followed.newBlocks} blocks (device saw ${report.pool.blocksSeen}), ${followed.feeBumps} templates`,
  );
  rows.add(
    "extended channel: blocks hold before our Template Provider, coinbase and all",
    ...blocksHold(provider),
  );
  rows.add(
    "extended channel: device and pool agree on what was accepted and rejected",
    // The tail of a batch is never acknowledged.
    report.accepted >= counts.acknowledged - 3 &&
      report.accepted <= counts.accepted &&
      report.rejected <= counts.crossedOnTheWire,
    `device ${report.accepted} and ${report.rejected} ${JSON.stringify(report.pool.rejectedByReason)}; pool ${counts.accepted} (${counts.acknowledged} acknowledged) and ${counts.crossedOnTheWire}`,
  );
}
