/** What a scenario may assert about the device at its end: facts that the server's side can see. */
import type { Peer } from "./peer.ts";
import type { Place } from "./place.ts";
import type { Stage } from "./stage.ts";
import type { ShareTally } from "./tally.ts";

export interface Fact {
  readonly does: string;
  /** Numbers; times in ms. `places` are those that are asked about. */
  read(places: readonly Place[], stage: Stage): number;
}

const sum = (places: readonly Place[], of: (place: Place) => number) =>
  places.reduce((total, place) => total + of(place), 0);

/** Of several places the tally of all, which knows of gaps between them. */
function tallyOf(places: readonly Place[], stage: Stage): ShareTally {
  const [only] = places;
  return places.length === 1 && only !== undefined ? only.tally : stage.tally;
}

export const facts: Readonly<Record<string, Fact>> = {
  connections: {
    does: "connections that the device made",
    read: (places) => sum(places, ({ connections }) => connections),
  },
  openConnections: {
    does: "connections that stand at the end",
    read: (places) => sum(places, ({ peers }) => peers.filter((peer) => !peer.isEnded).length),
  },
  sharesAccepted: {
    does: "shares that were right by the strict rules",
    read: (places, stage) => tallyOf(places, stage).accepted,
  },
  sharesLate: {
    does: "shares for work that had ended within `grace` before",
    read: (places, stage) => tallyOf(places, stage).late,
  },
  longestGap: {
    does: "longest time between two right shares, up to the end",
    read: (places, stage) => tallyOf(places, stage).longestGapMs(stage.clock.nowMs()),
  },
  timeToHash: {
    does: "longest time from a connection's first work to its first share",
    read: (places, stage) => tallyOf(places, stage).slowestStartMs,
  },
  duration: {
    does: "time since the scenario began",
    read: (_, stage) => stage.clock.nowMs() - stage.startMs,
  },
  bytesReceived: {
    does: "bytes from the device, of connections that steps talked on",
    read: (places) =>
      sum(places, ({ peers }) => peers.reduce((all, peer) => all + peer.tap.receivedBytes, 0)),
  },
};

/** "messages.NAME": how many of those the device sent. */
export const MESSAGES = "messages.";

export function messagesOf(places: readonly Place[], name: string): number {
  return sum(places, ({ peers }) =>
    peers.reduce((all, { counts }) => all + (counts.get(name) ?? 0), 0),
  );
}

const PLAIN_SETUP_HEADER = [0, 0, 0];

/** What no device may do, in any scenario; a sentence for each offence. */
export function alwaysChecked(stage: Stage): readonly string[] {
  const offences: string[] = [];
  for (const { peers } of stage.places.values()) {
    const encrypted = peers.filter(({ isEncrypted }) => isEncrypted);
    for (const [index, peer] of encrypted.entries()) {
      if (speaksPlainly(peer))
        offences.push("the device sent plaintext where encryption was agreed");
      if (encrypted.slice(0, index).some((other) => peer.beganLike(other)))
        offences.push(
          "two connections began with the same 64 bytes: the key must be fresh (SV2 §4.5.1)",
        );
    }
  }
  return [...new Set(offences)];
}

/** A frame header of SetupConnection instead of 64 random bytes: one in 2^32 by accident. */
function speaksPlainly({ tap }: Peer): boolean {
  const { firstBytes } = tap;
  return (
    firstBytes.length >= 6 &&
    PLAIN_SETUP_HEADER.every((byte, index) => firstBytes[index] === byte) &&
    firstBytes[5] === 0
  );
}
