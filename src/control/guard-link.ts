/** What guard and miner tell each other: a small table of messages over one channel, JSON on the wire. */
import type { PoolGroupOptions } from "../hashing/pool-options.ts";
import type { UntimedEvent } from "../telemetry/event.ts";
import type { MinerSnapshot } from "../telemetry/snapshot.ts";

/** Ten times a second. */
export const BEAT_PERIOD_MS = 100;

/** What a chain's life is at, as the miner sees it. */
export type LinkChainPhase =
  | "off"
  | "powering"
  | "enumerating"
  | "configuring"
  | "ramping"
  | "hashing"
  | "faulted"
  | "resting";

export interface ChainReport {
  readonly index: number;
  readonly phase: LinkChainPhase;
  /** The miner has a use for power. */
  readonly wantsPower: boolean;
  /** The grant that the miner acts on; 0 for none. A restart of a chain gives its grant back first. */
  readonly grant: number;
  readonly frequencyMHz: number;
  /** Hottest chip, where chips can tell. */
  readonly chipTemperatureC: number | null;
  readonly chipTemperatureAgeMs: number | null;
}

export type MinerMessage =
  | { readonly tell: "beat"; readonly chains: readonly ChainReport[] }
  | { readonly tell: "event"; readonly event: UntimedEvent }
  | { readonly tell: "snapshot"; readonly snapshot: MinerSnapshot }
  /** Stopped in order: chips are quiet, ports closed. */
  | { readonly tell: "stopped" };

export interface ChainAllowance {
  readonly index: number;
  /** Number of this power-on, from 1; 0: no power, and the chips are held in reset. */
  readonly grant: number;
  /** What the operator wants now; null: what the chain was declared with. */
  readonly targetFrequencyMHz: number | null;
  /** The chain may not run faster. */
  readonly frequencyCapMHz: number;
  readonly reason: string | null;
}

export type GuardMessage =
  | { readonly tell: "allow"; readonly chains: readonly ChainAllowance[] }
  /** Hashing off, now: power goes away in the same moment. */
  | { readonly tell: "hashing-off"; readonly chains: readonly number[]; readonly reason: string }
  /** An operator wants these tried again, also those that were given up. */
  | { readonly tell: "retry"; readonly chains: readonly number[] }
  /** The operator's pools have changed; hashing goes on. */
  | { readonly tell: "pools"; readonly pools: readonly PoolGroupOptions[] }
  | { readonly tell: "stop" };

/** One end of the channel. */
export interface Link<Out, In> {
  /** Never blocks, never throws; what cannot be sent any more is dropped. */
  send(message: Out): void;
  onMessage(listener: (message: In) => void): Disposable;
  /** Called once when the other end is gone. */
  onClosed(listener: () => void): Disposable;
}

export type MinerLink = Link<MinerMessage, GuardMessage>;
export type GuardLink = Link<GuardMessage, MinerMessage>;
