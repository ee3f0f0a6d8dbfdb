/** The simulated pool on a real TCP port. */
import { schnorr } from "@noble/curves/secp256k1.js";
import { nodeAead } from "../../firmware/node-aead.ts";
import { listen } from "../../firmware/platform/tcp-listener.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import { formatPoolUrl } from "../../src/upstream/pool-url.ts";
import { SimulatedPool } from "./pool.ts";
import { poolOptionsOf, type SimulatedPoolSettings } from "./settings.ts";

export interface RunningPool {
  readonly pool: SimulatedPool;
  /** What a device needs to connect, authority key included. */
  readonly url: string;
  readonly port: number;
  /** Closes every connection in order, then the port. */
  close(): Promise<void>;
}

/** Rejects with the system's error when the port cannot be had. Throws ConfigError for unknown leniencies or quirks. */
export async function runSimulatedPool(
  settings: SimulatedPoolSettings,
  ports: { readonly clock: Clock; readonly entropy: Entropy },
): Promise<RunningPool> {
  const options = poolOptionsOf(settings);
  const { host = "127.0.0.1" } = settings;
  const pool = new SimulatedPool({ ...ports, aead: nodeAead }, options);
  try {
    const listener = await listen(host, settings.port ?? 0, pool.accept);
    return {
      pool,
      port: listener.port,
      url: poolUrl(host, listener.port, options.authoritySecret),
      async close() {
        pool.stop();
        await listener.close();
      },
    };
  } catch (error) {
    pool.stop();
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

/** "0.0.0.0" and "::" are places to listen on, not to connect to. */
export function isEveryAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** What stands in the URL for a pool that listens on `host`. */
export function urlHost(host: string): string {
  if (!isEveryAddress(host)) return host;
  return host === "::" ? "::1" : "127.0.0.1";
}
