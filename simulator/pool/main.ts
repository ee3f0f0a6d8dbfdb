/** The simulated pool on real TCP ports. */
import { schnorr } from "@noble/curves/secp256k1.js";
import { nodeAead } from "../../firmware/node-aead.ts";
import { type Listener, listen } from "../../firmware/platform/tcp-listener.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import { formatPoolUrl } from "../../src/upstream/pool-url.ts";
import { SimulatedPool } from "./pool.ts";
import { poolOptionsOf, type SimulatedPoolSettings } from "./settings.ts";
import type { TemplateSource } from "./template-source.ts";

export interface RunningPool {
  readonly pool: SimulatedPool;
  /** What a device needs to connect, authority key included. */
  readonly url: string;
  readonly port: number;
  /** Where Stratum V1 is spoken, if anywhere. */
  readonly v1Url: string | undefined;
  readonly v1Port: number | undefined;
  /** Closes every connection in order, then the ports. */
  close(): Promise<void>;
}

/** Rejects with the system's error when a port cannot be had. Throws ConfigError for unknown leniencies or quirks. */
export async function runSimulatedPool(
  settings: SimulatedPoolSettings,
  ports: {
    readonly clock: Clock;
    readonly entropy: Entropy;
    /** What is mined on; an invented chain when absent. */
    readonly templates?: TemplateSource;
  },
): Promise<RunningPool> {
  const options = poolOptionsOf(settings);
  const { host = "127.0.0.1", v1Listen } = settings;
  const pool = new SimulatedPool({ ...ports, aead: nodeAead }, options);
  const listeners: Listener[] = [];
  const close = async () => {
    pool.stop();
    await Promise.all(listeners.map((listener) => listener.close()));
  };
  try {
    const listener = await listen(host, settings.port ?? 0, pool.accept);
    listeners.push(listener);
    const v1 = v1Listen && (await listen(v1Listen.host, v1Listen.port, pool.acceptV1));
    if (v1 !== undefined) listeners.push(v1);
    return {
      pool,
      port: listener.port,
      url: poolUrl(host, listener.port, options.authoritySecret),
      v1Port: v1?.port,
      v1Url: v1 && v1Listen && v1PoolUrl(v1Listen.host, v1.port),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Where a device on this machine finds a pool that listens on `host`. */
export function poolUrl(
  host: string,
  port: number,
  authoritySecret: Uint8Array | undefined,
): string {
  return formatPoolUrl({
    host: urlHost(host),
    port,
    authorityKey: authoritySecret === undefined ? undefined : schnorr.getPublicKey(authoritySecret),
    secure: authoritySecret !== undefined,
  });
}

export function v1PoolUrl(host: string, port: number): string {
  const name = urlHost(host);
  return `stratum+tcp://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

/** "0.0.0.0" and "::" are places to listen on, not to connect to. */
export function isEveryAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** What stands in the URL for a pool that listens on `host`. */
export function urlHost(host: string): string {
  if (!isEveryAddress(host)) return host;
  return host === "::" ? "::1" : "127.0.0.1";
}
