/** What the main thread and a hashing worker tell each other; plans do not travel as messages but in shared memory. */
import type { ChainGeometry, ChainHit } from "./chain-searcher.ts";
import type { SharedPlanMemory } from "./shared-plan.ts";

export interface WorkerSetup {
  readonly workerIndex: number;
  readonly workerCount: number;
  /** One word that is counted up, and its waiters woken, after every message and every new plan. */
  readonly wake: SharedArrayBuffer;
  readonly search: "simd" | "plain";
}

export type ToWorker =
  | {
      readonly tell: "open";
      readonly chainId: number;
      readonly geometry: ChainGeometry;
      readonly memory: SharedPlanMemory;
    }
  | { readonly tell: "close"; readonly chainId: number }
  | { readonly tell: "measure"; readonly durationMs: number };

export type FromWorker =
  | { readonly tell: "ready"; readonly search: "simd" | "plain" }
  | { readonly tell: "hits"; readonly chainId: number; readonly hits: readonly ChainHit[] }
  | { readonly tell: "measured"; readonly hps: number };
