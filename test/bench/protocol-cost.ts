/**
 * Bytes on the wire and processor time per job and per share, by protocol: the real links on a stream in memory, with the
 * pool's messages made beforehand. TCP and TLS add theirs.
 */
import { nodeAead } from "../../firmware/node-aead.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { silentLog } from "../../src/lib/log.ts";
import { V1Session } from "../../src/sv1/session.ts";
import type { LinkHandlers, PoolLink, WorkChannel } from "../../src/upstream/pool-link.ts";
import { UpstreamSession } from "../../src/upstream/session.ts";
import { BIP320_MASK, type Work } from "../../src/work/work.ts";
import { AUTHORITY, fixedEntropy } from "../support/scripted-server.ts";
import { ANY_HASH } from "./bench-chain.ts";
import { CostPool, type CostProtocol } from "./cost-pool.ts";
import { type Operation, timeInTurns } from "./microbench.ts";

export interface ProtocolCostResult {
  readonly protocol: CostProtocol;
  readonly chains: number;
  /** From the pool, for all chains: a new block with its job; a job on the same block. */
  readonly blockBytes: number;
  readonly jobBytes: number;
  /** To the pool and back, acknowledgement included. */
  readonly shareBytes: number;
  readonly acknowledgementBytes: number;
  /** On the device, from bytes to work with a merkle root for every chain. */
  readonly blockMs: number;
  readonly jobMs: number;
  /** From a nonce to bytes; and from an acknowledgement's bytes to counts, per share. */
  readonly shareMs: number;
  readonly acknowledgementMs: number;
}

const CALLS = 50;
const PROTOCOLS: readonly CostProtocol[] = ["V2 standard", "V2 extended", "V1"];

export async function measureProtocolCost(samples: number): Promise<ProtocolCostResult[]> {
  const results: ProtocolCostResult[] = [];
  for (const chains of [1, 3]) {
    const benches = await Promise.all(PROTOCOLS.map((protocol) => openLink(protocol, chains)));
    const times = timeInTurns(
      benches.flatMap(({ operations }) => operations),
      samples,
      CALLS,
    );
    for (const [i, { pool }] of benches.entries()) {
      const [blockMs = 0, jobMs = 0, shareMs = 0, acknowledgementMs = 0] = times
        .slice(4 * i, 4 * i + 4)
        .map(({ ms }) => ms);
      results.push({ ...pool.bytes(), chains, blockMs, jobMs, shareMs, acknowledgementMs });
    }
  }
  return results;
}

/** Looks at every work, as dispatch does, and knows what to submit. */
class Taker implements LinkHandlers {
  readonly channels: WorkChannel[] = [];
  link: PoolLink | undefined;
  answered = 0;
  readonly #chains: number;
  work: Work | undefined;

  constructor(chains: number) {
    this.#chains = chains;
  }

  onReady(): void {
    for (let i = 0; i < this.#chains; i++) this.link?.openChannel(1e14);
  }
  onChannelOpened(_requestId: number, channel: WorkChannel): void {
    this.channels.push(channel);
  }
  onWork(channel: WorkChannel): void {
    this.work = channel.work;
  }
  onShareAccepted(): void {
    this.answered++;
  }
  onDown({ reason }: { readonly reason: string }): void {
    throw new Error(`bench: ${reason}`);
  }
  onChannelRefused(_requestId: number, code: string): void {
    throw new Error(`bench: refused, ${code}`);
  }
  onChannelClosed(): void {}
  onShareRejected(_share: unknown, code: string): void {
    throw new Error(`bench: rejected, ${code}`);
  }
  onSharesLost(): void {}
}

async function openLink(
  protocol: CostProtocol,
  chains: number,
): Promise<{ readonly pool: CostPool; readonly operations: readonly Operation[] }> {
  const clock = new VirtualClock();
  const pool = new CostPool(protocol);
  const taker = new Taker(chains);
  const entropy = fixedEntropy(3);
  const dial = async () => pool.deviceEnd;
  const link: PoolLink =
    protocol === "V1"
      ? new V1Session(
          { clock, entropy, dial },
          {
            endpoint: { host: "pool", port: 3_333 },
            user: "account.worker",
            password: "x",
            userAgent: "asicd/0.1.0",
            versionMask: BIP320_MASK,
            subscribeExtranonce: false,
            redirects: { allowed: [] },
          },
          taker,
          silentLog,
        )
      : new UpstreamSession(
          { clock, entropy, aead: nodeAead, dial },
          {
            endpoint: {
              host: "pool",
              port: 3_333,
              authorityKey: AUTHORITY.publicKey,
              secure: true,
            },
            identity: { vendor: "asicd", hardwareVersion: "bench", firmware: "0", deviceId: "" },
            userIdentity: "account.worker",
            versionMask: BIP320_MASK,
            tolerateFlagEcho: false,
            maxTarget: ANY_HASH,
            channel: protocol === "V2 extended" ? "extended" : "standard",
          },
          taker,
          silentLog,
        );
  taker.link = link;
  link.start();
  await clock.advance(100);
  pool.begin();
  if (taker.channels.length !== chains || taker.work === undefined)
    throw new Error(`${protocol}: ${taker.channels.length} channels of ${chains}, or no work`);
  return { pool, operations: operationsOf(protocol, pool, link, taker) };
}

function operationsOf(
  protocol: CostProtocol,
  pool: CostPool,
  link: PoolLink,
  taker: Taker,
): Operation[] {
  let nonce = 0;
  let prepared: (() => void)[] = [];
  const next = () => {
    const deliver = prepared.pop();
    if (deliver === undefined) throw new Error(`${protocol}: nothing prepared`);
    deliver();
  };
  const making = (make: () => () => void) => (calls: number) => {
    prepared = Array.from({ length: calls }, make).reverse();
  };
  const submit = () => {
    const { work } = taker;
    if (work !== undefined)
      link.submit(work, 0, nonce++, work.minNtime, work.version, work.merkleRoot);
  };
  const channelId = () => taker.work?.channelId ?? 0;
  const answerAll = () => pool.acknowledgeAll(channelId());
  return [
    { name: `${protocol}: block`, prepare: making(() => pool.prepareBlock()), run: next },
    { name: `${protocol}: job`, prepare: making(() => pool.prepareJob()), run: next },
    { name: `${protocol}: share`, prepare: answerAll, run: submit },
    {
      name: `${protocol}: acknowledgement`,
      prepare(calls) {
        answerAll();
        making(() => {
          submit();
          return pool.prepareAcknowledgement(channelId());
        })(calls);
      },
      run: next,
    },
  ];
}
