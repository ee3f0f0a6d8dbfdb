/**
 * The time by which certificates are judged. A board without a battery wakes up in 1970 or at its last shutdown; then a
 * floor is nearer to the truth than its clock. No pool has a say in it: who could move our clock could let an expired
 * certificate pass.
 */
import { spanText, utcText } from "./utc-time.ts";

/** Whether the system says that somebody (NTP) keeps its clock right. */
export type ClockSync = "synchronised" | "unsynchronised" | "unknown";

export interface TimeFacts {
  /** The system's clock, Unix seconds. */
  readonly wallUnixSeconds: number;
  readonly sync: ClockSync;
  /** The program cannot be older than itself; 0 where nobody knows when it was built. Unix seconds. */
  readonly builtUnixSeconds: number;
  /** The last time that a synchronised clock showed, in this run or an earlier one. Unix seconds. */
  readonly keptUnixSeconds: number | undefined;
  /** Monotonic seconds since `keptUnixSeconds` was read or renewed: it has become that much later at least. */
  readonly keptForS: number;
}

export interface TrustedTime {
  readonly unixSeconds: number;
  readonly source: "synchronised" | "unsynchronised" | "floor";
  /** Why this time: a sentence for the log. */
  readonly note: string;
}

/** A clock that is being corrected may lag behind what it showed a moment ago. */
const SLACK_S = 10;

/**
 * A synchronised clock is believed, also where it contradicts the floor: otherwise one wrong time, once kept, would lock
 * the device out for ever. Any other clock is believed when it is not behind the floor.
 */
export function trustedTime(facts: TimeFacts): TrustedTime {
  const { wallUnixSeconds, sync } = facts;
  const { unixSeconds: floor, name } = floorOf(facts);
  const behindS = floor - wallUnixSeconds;
  const isBehind = behindS > SLACK_S;
  if (sync === "synchronised") {
    const note = isBehind
      ? `the clock is synchronised, and ${spanText(behindS)} behind ${name}, which is no longer believed`
      : "the clock is synchronised";
    return { unixSeconds: wallUnixSeconds, source: "synchronised", note };
  }
  const state =
    sync === "unknown"
      ? "nothing says that the clock is synchronised"
      : "the clock is not synchronised";
  if (!isBehind) {
    return {
      unixSeconds: wallUnixSeconds,
      source: "unsynchronised",
      note: `${state}; it may be wrong`,
    };
  }
  return {
    unixSeconds: floor,
    source: "floor",
    note: `${state} and says ${utcText(wallUnixSeconds)}, ${spanText(behindS)} before ${name}: it is later than it says, and ${utcText(floor)} is assumed`,
  };
}

/**
 * What is worth keeping over a restart: only what a synchronised clock said, whether later or earlier than what was kept.
 * A certificate proves no time: its issuer may be wrong, and its period is long.
 */
export function timeWorthKeeping(kept: number | undefined, time: TrustedTime): number | undefined {
  return time.source === "synchronised" ? time.unixSeconds : kept;
}

function floorOf(facts: TimeFacts): { unixSeconds: number; name: string } {
  const { keptUnixSeconds = 0, builtUnixSeconds, keptForS } = facts;
  const passedS = Math.max(0, Math.floor(keptForS));
  return keptUnixSeconds >= builtUnixSeconds
    ? { unixSeconds: keptUnixSeconds + passedS, name: "the last time known to be right" }
    : { unixSeconds: builtUnixSeconds + passedS, name: "the time at which this program was built" };
}
