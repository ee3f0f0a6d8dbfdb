/** A pool of the bench: listens on a port of its own, and serves whoever connects, any number of times. */
import { type Listener, listen } from "../../firmware/platform/tcp-listener.ts";
import { AUTHORITY } from "../support/scripted-server.ts";
import type { BenchPool } from "./bench-chain.ts";
import { pause } from "./pause.ts";
import { type BlockSource, PoolEnd } from "./pool-end.ts";
import { V1PoolEnd } from "./v1-pool-end.ts";

/** What it speaks, and what it gives a device. */
export type PoolKind = "sv2-standard" | "sv2-extended" | "sv1";

const HOST = "127.0.0.1";
const LOOK_EVERY_MS = 2;

export class PoolListener<Source extends BlockSource = BlockSource> implements AsyncDisposable {
  readonly kind: PoolKind;
  readonly #listener: Listener;
  /** Of the newest connection; replaced by the next one. */
  end: Source | undefined;
  connections = 0;

  private constructor(kind: PoolKind, listener: Listener) {
    this.kind = kind;
    this.#listener = listener;
  }

  static async open(kind: PoolKind): Promise<PoolListener> {
    let pool: PoolListener | undefined;
    const listener = await listen(HOST, 0, (stream) => {
      if (pool === undefined) return stream.destroy();
      pool.connections++;
      pool.end =
        kind === "sv1"
          ? new V1PoolEnd(stream)
          : new PoolEnd(stream, Math.floor(Date.now() / 1_000));
    });
    pool = new PoolListener(kind, listener);
    return pool;
  }

  /** As the device is told of it. */
  get address(): BenchPool {
    const { port } = this.#listener;
    if (this.kind === "sv1") return { protocol: "sv1", host: HOST, port };
    const channel = this.kind === "sv2-extended" ? "extended" : "standard";
    return { protocol: "sv2", host: HOST, port, channel, authorityKey: AUTHORITY.publicKey };
  }

  /** Resolves with a connection whose channels are open, other than `other`. */
  async ready(chains: number, withinMs: number, other?: BlockSource): Promise<Source> {
    const untilMs = performance.now() + withinMs;
    while (performance.now() < untilMs) {
      const { end } = this;
      if (end !== undefined && end !== other && end.isReadyFor(chains)) return end;
      await pause(LOOK_EVERY_MS);
    }
    const what = `${this.connections} connections, no channels for ${chains} chains`;
    throw new Error(`${this.kind}: ${what} within ${withinMs} ms`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.close();
  }
}
