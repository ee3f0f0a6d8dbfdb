import { expect, test } from "vitest";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { warmUpHotPath } from "../../src/hashing/warm-up.ts";
import { nobleAead } from "../../src/noise/aead.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { RecordingChain } from "../support/recording-chain.ts";
import { fixedEntropy } from "../support/scripted-server.ts";

class DisposableChain extends RecordingChain {
  isDisposed = false;

  override async [Symbol.asyncDispose](): Promise<void> {
    this.isDisposed = true;
  }
}

function warmUp(
  chain: RecordingChain,
  report: (nonce: number) => void,
  clock = new VirtualClock(),
) {
  const clocks: Clock[] = [];
  const result = warmUpHotPath({
    clock,
    entropy: fixedEntropy(),
    aead: nobleAead,
    openChain(own) {
      clocks.push(own);
      return { chain, report };
    },
  });
  return { result, clocks };
}

test("thousands of frames pass: each block reaches the chips, each nonce comes back as an accepted share", async () => {
  const chain = new DisposableChain();
  let lastJobId = 0;
  const dispatch = chain.dispatch.bind(chain);
  chain.dispatch = (job) => {
    lastJobId = job.chipJobId;
    dispatch(job);
  };
  const { result } = warmUp(chain, (nonce) => chain.report(lastJobId, nonce));
  const { blocks, shares } = await result;
  expect(blocks).toBeGreaterThanOrEqual(400);
  expect(shares).toBe(2 * blocks);
  // One job with each new block, one more on the same tip.
  expect(chain.jobs).toHaveLength(2 * blocks);
  const tips = new Set(chain.jobs.map(({ prevHash }) => prevHash[0]));
  expect(tips.size).toBe(256);
});

test("nothing is left behind: no timer, an idle chain that is closed", async () => {
  const clock = new VirtualClock();
  const chain = new DisposableChain();
  const { result, clocks } = warmUp(
    chain,
    (nonce) => chain.report(chain.lastJob?.chipJobId ?? 0, nonce),
    clock,
  );
  await result;
  expect(clock.pendingTimers).toBe(0);
  expect(clock.nowMs()).toBe(0);
  expect(chain.told.at(-1)).toBe("idle");
  expect(chain.isDisposed).toBe(true);
  // The chain's own clock tells the time and never wakes anybody.
  clocks[0]?.every(1, () => expect.unreachable());
  clocks[0]?.after(1, () => expect.unreachable());
  await clock.advance(10);
});

test("a warm-up that did not come through says so", async () => {
  const chain = new DisposableChain();
  await expect(warmUp(chain, () => {}).result).rejects.toThrow("400 blocks and 0 shares");
  expect(chain.isDisposed).toBe(true);
});
