/** What the simulated world and the program that uses it say to each other; data only, over the channel of a forked process. */
import type { SimulatedPoolSettings } from "./pool/settings.ts";

export interface WorldOptions {
  readonly chip: string;
  /** Chips of each chain. */
  readonly chips: number;
  readonly chains: number;
  /** Nominal rate of all chains together on real hardware, H/s: the scale follows from it. */
  readonly nominalHps: number;
  readonly seed: number;
  /** Hashing threads; absent: one per core. */
  readonly workers?: number;
  /** Absent: no pool, the device mines elsewhere. */
  readonly pool?: SimulatedPoolSettings;
}

export interface WorldReady {
  /** Serial devices of the chains, in order. */
  readonly uarts: readonly string[];
  /** Power of two by which everything is slower than real hardware. */
  readonly scale: number;
  /** What this host can hash, H/s. */
  readonly hostHps: number;
  readonly workers: number;
  readonly search: "simd" | "plain";
  readonly poolUrl: string | undefined;
}

/** What the pool counted, to hold against the device's own counts. */
export interface WorldResult {
  readonly poolAccepted: number;
  readonly poolRejected: number;
}

export type ToWorld =
  | { readonly tell: "open"; readonly options: WorldOptions }
  | { readonly tell: "close" };

export type FromWorld =
  | { readonly tell: "ready"; readonly world: WorldReady }
  | { readonly tell: "failed"; readonly reason: string }
  | { readonly tell: "closed"; readonly result: WorldResult };
