/**
 * SRI's job declarator client as the server: once with a standard channel for each chain, once with an extended one for
 * all. Both devices mine at the same time, each on a client of its own, with half of the host.
 */
import { type Device, startDevice } from "./device.ts";
import { CHANGES_WANTED, hasFollowedEnough, mineAWhile, SHARES_WANTED } from "./mined.ts";
import { freePort } from "./ports.ts";
import { blocksHold, HASHES_PER_BLOCK, startBusyProvider } from "./provider.ts";
import type { Stage } from "./scenario.ts";
import { startSriJdClient } from "./sri-jd-client.ts";
import { noneRejected, sharesText } from "./sri-log.ts";
import { SRI_AUTHORITY_KEY } from "./sri-program.ts";

const CHAINS = 2;

export async function ourDeviceOnJdClient(stage: Stage) {
  stage.say(
    "SRI's job declarator client, alone: a device by standard channels, one by an extended one",
  );
  await Promise.all([mineThrough(stage, "standard"), mineThrough(stage, "extended")]);
}

async function mineThrough({ peers, directory, ports, rows }: Stage, channel: Channel) {
  await using provider = await startBusyProvider(ports, HASHES_PER_BLOCK / 2);
  const port = await freePort();
  await using client = await startSriJdClient({
    program: peers.jdClient,
    directory,
    port,
    templateProviderPort: provider.port,
    sharesPerMinute: 120,
    shareBatchSize: channel === "standard" ? 1 : 10,
  });
  await using device = deviceFor(port, channel);
  const { counts } = client;
  const followed = await mineAWhile(device, counts);
  const report = await device.finish();

  const name = `jd_client_sv2, ${channel}`;
  rows.add(
    `${name}: ≥ ${SHARES_WANTED} shares accepted, none rejected`,
    counts.accepted >= SHARES_WANTED && noneRejected(counts),
    sharesText(counts),
  );
  const channels = { standard: counts.standardChannels, extended: counts.extendedChannels };
  const wanted = channel === "standard" ? { standard: CHAINS, extended: 0 } : ONE_EXTENDED;
  rows.add(
    `${name}: ${wanted.standard} standard and ${wanted.extended} extended channels`,
    channels.standard === wanted.standard && channels.extended === wanted.extended,
    `${channels.standard} and ${channels.extended}`,
  );
  rows.add(
    `${name}: over ≥ ${CHANGES_WANTED} new blocks and ≥ ${CHANGES_WANTED} fee-bump templates`,
    hasFollowedEnough(followed) && report.pool.blocksSeen >= CHANGES_WANTED,
    `${followed.newBlocks} blocks (device saw ${report.pool.blocksSeen}), ${followed.feeBumps} templates`,
  );
  rows.add(`${name}: blocks hold before our Template Provider`, ...blocksHold(provider));
  rows.add(
    `${name}: device and client agree on what was accepted and rejected`,
    report.accepted >= counts.acknowledged - 3 &&
      report.accepted <= counts.accepted &&
      report.rejected <= counts.crossedOnTheWire,
    `device ${report.accepted} and ${report.rejected} ${JSON.stringify(report.pool.rejectedByReason)}; client ${counts.accepted} (${counts.acknowledged} acknowledged) and ${counts.crossedOnTheWire}`,
  );
}

type Channel = "standard" | "extended";
const ONE_EXTENDED = { standard: 0, extended: 1 };

function deviceFor(port: number, channel: Channel): Device {
  const url = `stratum2+tcp://127.0.0.1:${port}/${SRI_AUTHORITY_KEY}`;
  const size = ["--chains", `${CHAINS}`, "--chips", "32", "--workers", "1"];
  return startDevice(url, ["--channel", channel, ...size]);
}
