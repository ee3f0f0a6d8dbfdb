/** Job messages that differ between channels by nothing but the channel id: encoded once per template, patched per channel. */
import { viewOf } from "../../src/lib/bytes.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import { NewExtendedMiningJob, SetNewPrevHash } from "../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";
import type { Template } from "./templates.ts";

/** Enough for a template's messages in their variants; a new template's push the old ones out. */
const KEPT_FRAMES = 8;

export class SharedFrames {
  readonly #frames = new Map<string, Frame>();

  /** `minNtime` absent: a future job. */
  extendedJob(
    channelId: number,
    template: Template,
    minNtime: number | undefined,
    versionRollingAllowed: boolean,
  ): Frame {
    const { jobId, version, coinbase, merklePath } = template;
    return this.#frame(`job ${jobId} ${minNtime} ${versionRollingAllowed}`, channelId, () =>
      encodeMessage(NewExtendedMiningJob, {
        channelId,
        jobId,
        minNtime,
        version,
        versionRollingAllowed,
        merklePath,
        coinbaseTxPrefix: coinbase.prefix,
        coinbaseTxSuffix: coinbase.suffix,
      }),
    );
  }

  prevHash(channelId: number, { jobId, tip }: Template, minNtime: number): Frame {
    const { prevHash, nbits } = tip;
    return this.#frame(`tip ${jobId} ${minNtime}`, channelId, () =>
      encodeMessage(SetNewPrevHash, { channelId, jobId, prevHash, minNtime, nbits }),
    );
  }

  #frame(key: string, channelId: number, encode: () => Frame): Frame {
    let frame = this.#frames.get(key);
    if (frame === undefined) {
      frame = encode();
      this.#frames.set(key, frame);
      const [oldest] = this.#frames.keys();
      if (this.#frames.size > KEPT_FRAMES && oldest !== undefined) this.#frames.delete(oldest);
    }
    const payload = frame.payload.slice();
    // The first field of every channel message (SV2 §3.2).
    viewOf(payload).setUint32(0, channelId, true);
    return { ...frame, payload };
  }
}
