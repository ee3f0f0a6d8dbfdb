/** A pool as a chain sees it, with all of the chain's time, whose shares go to a function. */
import type { Feed, SubmitShare } from "../../src/hashing/feed.ts";

export interface RecordingFeed extends Feed {
  weight: number;
  /** Work that was done for it. */
  hashes: number;
}

export function recordingFeed(submit: SubmitShare = () => {}, weight = 1): RecordingFeed {
  return {
    weight,
    group: undefined,
    part: 1,
    hashes: 0,
    submit,
    credit(hashes) {
      this.hashes += hashes;
    },
    creditStale() {},
  };
}
