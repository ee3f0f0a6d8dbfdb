/** A simulated pool under virtual time with scripted devices, ready for a test. */
import { schnorr } from "@noble/curves/secp256k1.js";
import type { PoolEvent } from "../../../simulator/pool/events.ts";
import { defaultPoolOptions, type PoolOptions } from "../../../simulator/pool/options.ts";
import { SimulatedPool } from "../../../simulator/pool/pool.ts";
import type { TemplateSource } from "../../../simulator/pool/template-source.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { nobleAead } from "../../../src/noise/aead.ts";
import { fixedEntropy } from "../../support/scripted-server.ts";
import { VirtualNetwork } from "../../support/virtual-network.ts";
import { ScriptedClient } from "./scripted-client.ts";
import { ScriptedV1Client } from "./scripted-v1-client.ts";

/** Nothing happens by itself, every share is acknowledged at once, plaintext. */
const QUIET: Partial<PoolOptions> = {
  authoritySecret: undefined,
  blockIntervalMs: undefined,
  templateIntervalMs: undefined,
  vardiffPeriodMs: undefined,
  acknowledgeWithinMs: undefined,
  shareBatchSize: 1,
};

export const START_UNIX_SECONDS = 1_750_000_000;
export const AUTHORITY_KEY = schnorr.getPublicKey(
  defaultPoolOptions.authoritySecret ?? new Uint8Array(32),
);

export class PoolBench {
  readonly clock = new VirtualClock({ unixSeconds: START_UNIX_SECONDS });
  readonly network = new VirtualNetwork();
  readonly pool: SimulatedPool;
  readonly events: PoolEvent[] = [];

  constructor(options: Partial<PoolOptions> = {}, templates?: TemplateSource) {
    const ports = { clock: this.clock, entropy: fixedEntropy(3), aead: nobleAead };
    this.pool = new SimulatedPool(templates === undefined ? ports : { ...ports, templates }, {
      ...QUIET,
      ...options,
    });
    this.pool.onEvent((event) => this.events.push(event));
    this.network.listen("pool", 1, this.pool.accept);
    this.network.listen("pool", 2, this.pool.acceptV1);
  }

  async connect(authorityKey: Uint8Array = AUTHORITY_KEY): Promise<ScriptedClient> {
    const stream = await this.network.dial("pool", 1, new AbortController().signal);
    const client = new ScriptedClient(
      stream,
      this.pool.options.authoritySecret === undefined
        ? undefined
        : {
            authorityKey,
            unixSeconds: this.clock.unixSeconds(),
            entropy: fixedEntropy(5),
          },
    );
    await this.settle();
    return client;
  }

  /** Set up, with as many channels (2, 3, …) as asked for, each claiming `hps`. */
  async miner(channels = 1, hps = 1): Promise<ScriptedClient> {
    const client = await this.connect();
    client.setUp();
    for (let requestId = 1; requestId <= channels; requestId++) client.open(requestId, hps);
    await this.settle();
    return client;
  }

  /** Set up without REQUIRES_STANDARD_JOBS, with one extended channel (2). */
  async proxy(hps = 1): Promise<ScriptedClient> {
    const client = await this.connect();
    client.setUp({ flags: 0b100 });
    client.openExtended(1, { hps });
    await this.settle();
    return client;
  }

  /** A Stratum V1 connection that has said nothing yet. */
  async connectV1(): Promise<ScriptedV1Client> {
    const stream = await this.network.dial("pool", 2, new AbortController().signal);
    const client = new ScriptedV1Client(stream);
    await this.settle();
    return client;
  }

  /** Configured, subscribed and authorized as "user.1". */
  async minerV1(difficulty = 1e-10): Promise<ScriptedV1Client> {
    const client = await this.connectV1();
    client.request("mining.configure", [
      ["version-rolling"],
      { "version-rolling.mask": "1fffe000", "version-rolling.min-bit-count": 2 },
    ]);
    client.request("mining.suggest_difficulty", [difficulty]);
    client.request("mining.subscribe", ["asicd test/0"]);
    client.request("mining.authorize", ["user.1", "x"]);
    await this.settle();
    return client;
  }

  /** Lets everything under way arrive, without time passing. */
  async settle(): Promise<void> {
    await this.clock.advance(0);
  }
}
