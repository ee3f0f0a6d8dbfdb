/** Over any history of jobs, blocks, nonces and lost connections: what goes out is new, alive, and within the rules. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { ChainMiner } from "../../src/hashing/chain-miner.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { Channel } from "../../src/upstream/channel.ts";
import { shareOfVersionSpace } from "../../src/work/version-space.ts";
import { BIP320_MASK, BIP323_MASK } from "../../src/work/work.ts";
import { RecordingChain } from "../support/recording-chain.ts";
import { recordingFeed } from "../support/recording-feed.ts";

/** Few values of everything, so that repetitions, the dangerous part, are common. */
const jobId = fc.constantFrom(1, 2, 3);
const root = fc.constantFrom(10, 11);
const ntime = fc.constantFrom(1_000, 1_001, 0xffffffff);
const channelIndex = fc.nat(1);
const prevHash = fc.constantFrom(0xa0, 0xa1);
const block = fc.record({
  do: fc.constant("block" as const),
  channel: channelIndex,
  jobId,
  root,
  ntime,
  prevHash,
});
const event = fc.oneof(
  { weight: 2, arbitrary: block },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("lone-tip" as const),
      channel: channelIndex,
      jobId,
      ntime,
      prevHash,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("job" as const),
      channel: channelIndex,
      jobId,
      root,
      ntime,
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("nonce" as const),
      chipJobId: fc.constantFrom(0, 0, 8, 8, 16, 24, 99),
      nonce: fc.constantFrom(0, 0xffffffff),
      versionBits: fc.constantFrom(0, 0, 0x2000, 0x10000000, 0x40000000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(20, 999, 1_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("share-space" as const),
      parts: fc.constantFrom(1, 2, 3),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("close" as const), channel: channelIndex }),
  },
);

test("no header is submitted twice or for a dead tip, ntime and version keep to their bounds, no nonce is lost", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(block, block),
      fc.array(event, { minLength: 10, maxLength: 60 }),
      fc.constantFrom(BIP320_MASK, BIP323_MASK, 0),
      async (begin, events, mask) => {
        const clock = new VirtualClock();
        const chain = new RecordingChain({ epochMs: 800 });
        const sent = new Set<string>();
        /** What each channel last heard: the truth that submissions are held against. */
        const told = [0, 1].map(() => ({ prevHash: -1, isOpen: true }));
        const feed = recordingFeed((work, _chain, nonce, ntimeSent, version) => {
          const truth = told[work.channelId - 2];
          expect(truth?.isOpen).toBe(true);
          expect(work.tip.prevHash[0]).toBe(truth?.prevHash);
          expect(ntimeSent).toBeGreaterThanOrEqual(work.minNtime);
          const elapsedS = Math.floor((clock.nowMs() - work.anchorMs) / 1_000);
          expect(ntimeSent).toBeLessThanOrEqual(work.minNtime + elapsedS);
          expect((version & ~mask) >>> 0).toBe((work.version & ~mask) >>> 0);
          const header = [
            toHex(work.tip.prevHash),
            toHex(work.merkleRoot),
            ntimeSent,
            version,
            nonce,
          ].join();
          expect(sent).not.toContain(header);
          sent.add(header);
        });
        const miner = new ChainMiner(0, chain, clock);
        const channels = [2, 3].map(
          (channelId) =>
            new Channel({
              channelId,
              groupChannelId: 1,
              target: new Uint8Array(32).fill(0xff),
              extranoncePrefix: new Uint8Array(),
              versionMask: mask,
            }),
        );
        const assign = (parts: number) => {
          for (const [i, channel] of channels.entries()) {
            if (told[i]?.isOpen === true) {
              miner.assign(
                channel,
                feed,
                shareOfVersionSpace(mask, BIP320_MASK, mask === 0 ? 1 : parts, 0),
              );
            }
          }
        };
        assign(1);
        let reported = 0;
        for (const e of [...begin, ...events]) {
          const channel = "channel" in e ? channels[e.channel] : undefined;
          const truth = "channel" in e ? told[e.channel] : undefined;
          // The two channels' roots differ, as their extranonces do.
          const merkleRoot = new Uint8Array(32).fill("root" in e ? e.root + 100 * e.channel : 0);
          const version = 0x3fffe000;
          switch (e.do) {
            case "job":
              if (
                channel?.newMiningJob(
                  { jobId: e.jobId, minNtime: e.ntime, version, merkleRoot },
                  clock.nowMs(),
                ) === "active"
              ) {
                miner.workChanged(channel);
              }
              break;
            case "block":
            case "lone-tip":
              if (channel === undefined || truth?.isOpen !== true) break;
              if (e.do === "block") {
                channel.newMiningJob(
                  { jobId: e.jobId, minNtime: undefined, version, merkleRoot },
                  clock.nowMs(),
                );
              }
              truth.prevHash = e.prevHash;
              channel.setNewPrevHash(
                {
                  jobId: e.jobId,
                  prevHash: new Uint8Array(32).fill(e.prevHash),
                  minNtime: e.ntime,
                  nbits: 1,
                },
                clock.nowMs(),
              );
              miner.workChanged(channel);
              break;
            case "nonce":
              reported++;
              chain.report(e.chipJobId, e.nonce, e.versionBits);
              break;
            case "wait":
              await clock.advance(e.ms);
              miner.refresh(clock.nowMs());
              break;
            case "share-space":
              assign(e.parts);
              break;
            case "close":
              if (truth !== undefined) truth.isOpen = false;
              channel?.close();
              if (channel !== undefined) miner.unassign(channel);
              break;
          }
        }
        const counted = Object.values(miner.outcomes).reduce((sum, count) => sum + count, 0);
        expect(counted).toBe(reported);
        expect(miner.outcomes.submit).toBe(sent.size);
      },
    ),
    { numRuns: 1_000 },
  );
});
