import { expect, test } from "vitest";
import { bm1370, bm1397, chipsByName } from "../../../drivers/bm13xx/chips.ts";
import { openWarmUpChain } from "../../../drivers/bm13xx/warm-up-chain.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { warmUpHotPath } from "../../../src/hashing/warm-up.ts";
import { nobleAead } from "../../../src/noise/aead.ts";
import { fixedEntropy } from "../../support/scripted-server.ts";

test.each([...chipsByName.values()])(
  "jobs and answers of $name go through the real driver",
  async (chip) => {
    const { blocks, shares } = await warmUpHotPath({
      clock: new VirtualClock(),
      entropy: fixedEntropy(),
      aead: nobleAead,
      openChain: (clock) => openWarmUpChain(chip, clock),
    });
    expect(blocks).toBeGreaterThanOrEqual(400);
    expect(shares).toBe(2 * blocks);
  },
);

test("an answer of a BM1397 names the first version of the job that was sent last", () => {
  const { chain, report } = openWarmUpChain(bm1397, new VirtualClock());
  const seen: number[][] = [];
  chain.onNonce((...nonce) => void seen.push(nonce));
  const hash = new Uint8Array(32);
  const job = { version: 0x20000000, prevHash: hash, merkleRoot: hash, ntime: 0, nbits: 0 };
  chain.setVersionMask(0x1fffe000);
  chain.dispatch({ ...job, chipJobId: 24 });
  report(0x01020304);
  expect(seen).toEqual([[24, 0x04030201, 0, 8, 1]]);
});

test("an answer names the job that was sent last", () => {
  const { chain, report } = openWarmUpChain(bm1370, new VirtualClock());
  const seen: number[][] = [];
  chain.onNonce((chipJobId, nonce) => void seen.push([chipJobId, nonce]));
  const hash = new Uint8Array(32);
  for (const chipJobId of [24, 120]) {
    chain.dispatch({ chipJobId, version: 0, prevHash: hash, merkleRoot: hash, ntime: 0, nbits: 0 });
    report(0x01020304);
  }
  expect(seen).toEqual([
    [24, 0x04030201],
    [120, 0x04030201],
  ]);
});
