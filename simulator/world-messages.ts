/** What the simulated world and the program that uses it say to each other; data only, over the channel of a forked process. */
import type { MachineRef } from "../boards/machine-ref.ts";
import type { SimulatedPoolSettings } from "./pool/settings.ts";
import type { ProcessFaultChange } from "./process-faults.ts";

export interface WorldOptions {
  readonly machine: MachineRef;
  /** Nominal rate of all chains together on real hardware, H/s: the scale follows from it. */
  readonly nominalHps: number;
  readonly seed: number;
  /** Hashing threads; absent: one per core. */
  readonly workers?: number;
  /** Absent: no pool, the device mines elsewhere. */
  readonly pool?: SimulatedPoolSettings;
  /** Lines of a fault script; times count from when the world is up. */
  readonly faults: readonly string[];
  /** Where the world writes down what physically happened, one JSON line each. */
  readonly recordFile?: string;
  /** Unix socket that serves everything but the UARTs. */
  readonly portsSocket: string;
}

export interface WorldReady {
  /** Serial devices of the chains, in order. */
  readonly uarts: readonly string[];
  /** Serial device of a USB board's control port. */
  readonly usbControl: string | undefined;
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
  /** The world only knows when; who opened it knows the programs. */
  | { readonly tell: "process-fault"; readonly change: ProcessFaultChange }
  | { readonly tell: "closed"; readonly result: WorldResult };
