/** A scenario after reading: nothing in it is left to be checked but what only the device can show. */
import type { CertificateScript } from "../pool/frame-link.ts";
import type { SimulatedPoolSettings } from "../pool/settings.ts";
import type { SourceNode } from "./source.ts";
import type { Verb } from "./verb.ts";

export type ScenarioProtocol = "sv2" | "sv1";

/** The place where the scenario begins. */
export const MAIN = "main";

/** Somewhere a device can connect to. */
export interface PlaceSpec {
  readonly name: string;
  readonly protocol: ScenarioProtocol;
  readonly certificate: CertificateScript;
  /** Signs with another authority than the one that devices are told. */
  readonly isForeign: boolean;
  readonly isPlaintext: boolean;
  /** At another host, not just another port. */
  readonly isElsewhere: boolean;
  /** A simulated pool answers here, and no step need do anything. */
  readonly serve: SimulatedPoolSettings | undefined;
}

/** How the device must be set for the scenario to make sense. */
export interface DeviceHints {
  readonly channel: "standard" | "extended" | "auto";
  readonly user: string;
  /** Names of places, in the order in which the device is to use them. */
  readonly pools: readonly string[];
  /** Places to which it may be redirected although they are at another host. */
  readonly mayFollowTo: readonly string[];
  readonly versionMask: "bip320" | "bip323";
  readonly tolerateFlagEcho: boolean;
  /** Told with each share on extended channels; makes the device ask for extension 0x0002. */
  readonly workerName: string;
  readonly suggestDifficulty: number | "auto" | undefined;
  readonly silenceMs: number | undefined;
  readonly chains: number;
  /** False: no share is needed. */
  readonly isHashing: boolean;
}

export interface Step {
  readonly verb: string;
  readonly line: number;
  /** What the author wants a reader of a failure to know. */
  readonly why: string | undefined;
  readonly argument: SourceNode | undefined;
  option(key: string): SourceNode | undefined;
  /** Of repeat and coalesce. */
  readonly steps: readonly Step[];
  readonly definition: Verb;
}

export interface AssertedFact {
  /** Such as "sharesAccepted" or "messages.UpdateChannel". */
  readonly fact: string;
  /** Absent: of all places together. */
  readonly place: string | undefined;
  readonly line: number;
  readonly expected: SourceNode;
}

export interface Scenario {
  /** The file's name without folder and extension. */
  readonly id: string;
  readonly file: string;
  readonly name: string;
  readonly description: string;
  readonly proves: readonly string[];
  readonly protocol: ScenarioProtocol;
  /** The first is `MAIN`. */
  readonly places: readonly PlaceSpec[];
  readonly device: DeviceHints;
  /** Of every simulated pool that serves in it. */
  readonly quirks: readonly string[];
  /** How often a channel should find a share where a step leaves the target open. */
  readonly sharesPerMinute: number;
  /** Of Stratum V1 connections until a step says otherwise; absent: what suits the device. */
  readonly difficulty: number | undefined;
  /** Messages that no step need expect. */
  readonly ignore: readonly string[];
  readonly graceMs: number;
  readonly limitMs: number;
  readonly connectWithinMs: number;
  readonly steps: readonly Step[];
  readonly asserts: readonly AssertedFact[];
}
