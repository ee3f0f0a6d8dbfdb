/**
 * Blocks that our simulated hashboards find are taken by a node that is not ours. bcoin on regtest gives the templates,
 * with transactions and witnesses, and takes the blocks. Our simulated pool stands between, and three devices mine on it,
 * each in another way.
 */
import type { ChannelKind } from "../../simulator/pool/channel.ts";
import { runSimulatedPool } from "../../simulator/pool/main.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { blockProblems, parentOf } from "./bcoin/block-check.ts";
import { BcoinChain } from "./bcoin/chain.ts";
import { startBcoin } from "./bcoin/node.ts";
import { ANYBODYS_ADDRESS, activateWitnesses, spendCoinbases } from "./bcoin/regtest.ts";
import { waitFor } from "./children.ts";
import { closing } from "./closing.ts";
import { startDevice } from "./device.ts";
import type { Stage } from "./scenario.ts";

const WAYS = ["standard", "extended", "v1"] as const satisfies readonly ChannelKind[];
/** By each of them. */
const BLOCKS_WANTED = 2;
/** Pays to the hash of a public key that nobody has. */
const PAYOUT_SCRIPT = `0014${toHex(new Uint8Array(20).fill(0xa5))}`;
const SPENT_HEIGHTS = [1, 2, 3];
/** Few chips hash enough, and leave the host to the others. */
const DEVICE_SIZE = ["--chains", "1", "--chips", "16", "--workers", "1"];
/** Of each device by Stratum V2; each is a block or held back. */
const SHARES_PER_MINUTE = 90;
/** One share of 2^16 hashes: at most a second or two of what such a device hashes on two cores. */
const V1_DIFFICULTY = 2 ** 16 / 2 ** 32;
/** A simulated device asks for a share every few seconds, which would leave blocks to luck. */
const NO_WISH = ["--set", "pools[0].suggestDifficulty=null"];
/** For all blocks, and then for one on top of somebody else's. */
const WITHIN_MS = 90_000;

export async function blocksForBcoin({ peers, directory, ports, rows, say }: Stage) {
  say("bcoin on regtest: its chain is brought to where witnesses are in force");
  await using node = await startBcoin(peers.bcoin, directory);
  const { rpc } = node;
  await activateWitnesses(rpc, ports.clock.unixSeconds());
  await spendCoinbases(rpc, SPENT_HEIGHTS);
  const heightBefore = await rpc.call<number>("getblockcount");
  const errors: string[] = [];
  const chain = await BcoinChain.open(rpc, (error) => void errors.push(String(error)));

  say(`our pool on top of it, and a device for each of: ${WAYS.join(", ")}`);
  await using pool = await startPool(chain, ports);
  const finderOf = watchFinders(pool);
  const blocksBy = (way: ChannelKind) =>
    chain.submitted.filter(({ hash }) => finderOf(hash) === way).length;
  const hasEnough = () => WAYS.every((way) => blocksBy(way) >= BLOCKS_WANTED);
  await using devices = closing(startDevices(pool));
  await waitFor(hasEnough, WITHIN_MS);
  const [foreign] = await rpc.call<readonly string[]>("generatetoaddress", 1, ANYBODYS_ADDRESS);
  const before = chain.submitted.length;
  await chain.refresh();
  await waitFor(() => chain.submitted.length > before, WITHIN_MS);
  await devices.close();

  const { submitted } = chain;
  const heightAfter = await rpc.call<number>("getblockcount");
  const refusals = submitted.flatMap(({ refusal }) => refusal ?? []);
  rows.add(
    `bcoin: ≥ ${BLOCKS_WANTED} blocks by each of ${WAYS.join(", ")}; none refused, the chain longer by these and one`,
    hasEnough() &&
      errors.length === 0 &&
      refusals.length === 0 &&
      heightAfter - heightBefore === submitted.length + 1,
    [
      ...WAYS.map((way) => `${blocksBy(way)} ${way}`),
      `height ${heightBefore} to ${heightAfter}`,
      `${chain.heldBack} held back`,
      ...refusals,
      ...errors,
    ].join(", "),
  );
  const problems: string[] = [];
  for (const block of submitted) problems.push(...(await blockProblems(rpc, block, PAYOUT_SCRIPT)));
  rows.add(
    "bcoin: each of them is in its chain and pays all of its value to the configured script",
    submitted.length > 0 && problems.length === 0,
    problems.join("; ") || `${submitted.length} blocks`,
  );
  const taken = submitted.filter(({ refusal }) => refusal === null);
  const most = Math.max(0, ...taken.map(({ transactions }) => transactions));
  rows.add(
    `bcoin: a block with ${SPENT_HEIGHTS.length} transactions that have witnesses`,
    most >= SPENT_HEIGHTS.length,
    `at most ${most} in a block`,
  );
  const { accepted, rejected, rejectedByReason } = pool.pool.statistics();
  rows.add(
    "bcoin: no share rejected but what crossed a block on the wire, at most one of each device and block",
    accepted > 0 &&
      rejected === (rejectedByReason["old-tip"] ?? 0) &&
      rejected <= WAYS.length * submitted.length,
    `${accepted} accepted, ${rejected} rejected ${JSON.stringify(rejectedByReason)}`,
  );
  const next = submitted[before];
  const parent = next && (await parentOf(rpc, next.hash));
  rows.add(
    "bcoin: somebody else's block is followed",
    foreign !== undefined && parent === foreign,
    `${next === undefined ? "no block" : `block ${next.height}`} on top of it`,
  );
  rows.add(
    "bcoin: refuses the first of them with one byte of its coinbase changed",
    chain.damagedRefusal === "rejected: bad-txnmrklroot",
    `${chain.damagedRefusal}`,
  );
}

type Pool = Awaited<ReturnType<typeof startPool>>;

async function startPool(chain: BcoinChain, ports: Stage["ports"]) {
  const settings = {
    coinbaseScript: PAYOUT_SCRIPT,
    sharesPerMinute: SHARES_PER_MINUTE,
    v1Listen: { host: "127.0.0.1", port: 0 },
    v1Difficulty: V1_DIFFICULTY,
    vardiffPeriodMs: null,
  };
  return closing(await runSimulatedPool(settings, { ...ports, templates: chain }));
}

/** By which way a block came that the pool handed in; the hash as people write it. */
function watchFinders({ pool }: Pool): (hash: string) => ChannelKind | undefined {
  const kinds = new Map<number, ChannelKind>();
  const finders = new Map<string, ChannelKind>();
  pool.onEvent((event) => {
    if (event.event === "channel-opened") kinds.set(event.connection, event.kind);
    const kind = event.event === "block-found" ? kinds.get(event.connection) : undefined;
    if (event.event === "block-found" && kind !== undefined) finders.set(event.hash, kind);
  });
  return (hash) => finders.get(hash);
}

function startDevices({ url, v1Url = "" }: Pool) {
  const all = WAYS.map((way) =>
    way === "v1"
      ? startDevice(v1Url, [...DEVICE_SIZE, ...NO_WISH])
      : startDevice(url, ["--channel", way, ...DEVICE_SIZE]),
  );
  return {
    async close() {
      await Promise.all(all.map(({ child }) => child.end()));
    },
  };
}
