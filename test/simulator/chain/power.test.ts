import { describe, expect, test } from "vitest";
import { bm1362, bm1397 } from "../../../drivers/bm13xx/chips.ts";
import {
  boardReset,
  type ChainFault,
  deadButForwarding,
  missingChip,
} from "../../../simulator/chain/faults.ts";
import { fromHex } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { frames, jobFrame, TestHost } from "./host.ts";

const header = fromHex(vectors.jobs[0]?.header ?? "");
const probe = "55aa520500000a";
const job = jobFrame({ idByte: 0x28, header });
const shortId = "aa551362030000000d";

/** Four BM1362 at 525 MHz and 3.125 Mbaud with addresses, hash counting number and rolling, but no job. */
function readyChain(): TestHost {
  const host = new TestHost({
    chip: bm1362,
    chipCount: 4,
    requiredZeroBits: 8,
    scale: (525e6 * bm1362.smallCores) / 4_000,
  });
  host.send(frames.writeAll(0xa4, 0x9000ffff), frames.chainInactive);
  for (let i = 0; i < 4; i++) host.send(frames.setAddress(2 * i));
  host.send(frames.writeAll(0x18, 0xb000c100), frames.writeAll(0x08, 0x40a80230));
  host.send(frames.writeAll(0x10, 0x1381), frames.writeAll(0x28, 0x11300000));
  host.baudRate = 3_125_000;
  return host;
}

/** All that the chips remember of what they were told. */
function stateOf({ chain }: TestHost): unknown {
  const registers = Array.from({ length: 256 }, (_, number) => number);
  return chain.chips.map((chip) => ({
    ...{ address: chip.address, isAddressed: chip.isAddressed, form: chip.answerForm },
    ...{ MHz: chip.frequencyMHz, baud: chip.baudRate, activity: chip.activity },
    ...{ nonces: chip.noncesSent, registers: registers.map((number) => chip.register(number)) },
  }));
}

describe("power", () => {
  test("is on in a fresh chain", () => {
    expect(readyChain().chain.isPowered).toBe(true);
  });

  test("taken away makes the chips deaf, mute and idle at once", async () => {
    const host = readyChain();
    host.send(job);
    expect((await host.answersWithin(500)).length).toBeGreaterThan(10);
    const { commandsReceived } = host.chain.counters;
    host.chain.setPower(false);
    expect(host.chain.isPowered).toBe(false);
    expect(host.chain.activeMHz).toBe(0);
    expect(host.chain.hashesPerSecond).toBe(0);
    for (const baudRate of [3_125_000, 115_200]) {
      host.baudRate = baudRate;
      host.send(job);
      expect(await host.ask(probe)).toEqual([]);
    }
    expect(host.chain.counters.commandsReceived).toBe(commandsReceived);
    expect(host.clock.pendingTimers).toBe(0);
  });

  test("that comes back finds the chips as they were when it came first", async () => {
    const fresh = stateOf(
      new TestHost({ chip: bm1362, chipCount: 4, requiredZeroBits: 8, scale: 1 }),
    );
    const host = readyChain();
    host.send(job);
    await host.clock.advance(500);
    expect(stateOf(host)).not.toEqual(fresh);
    host.chain.setPower(false);
    host.chain.setPower(true);
    expect(stateOf(host)).toEqual(fresh);
    host.baudRate = 115_200;
    expect(await host.ask(probe)).toEqual(Array(4).fill(shortId));
  });

  test("does nothing when it is there already", async () => {
    const host = readyChain();
    host.send(job);
    host.chain.setPower(true);
    expect((await host.answersWithin(500)).length).toBeGreaterThan(10);
  });

  test("that comes back to chips held in reset leaves them deaf until they are let go", async () => {
    const host = readyChain();
    host.chain.setPower(false);
    host.chain.setReset(true);
    host.chain.setPower(true);
    host.baudRate = 115_200;
    expect(await host.ask(probe)).toEqual([]);
    host.chain.setReset(false);
    expect(await host.ask(probe)).toHaveLength(4);
  });
});

describe("a board that resets itself", () => {
  test("falls back to address 0 and 115 740 baud and loses its work, but hears and answers", async () => {
    const host = readyChain();
    host.send(job);
    host.chain.addFault({ fault: boardReset(), fromMs: 300 });
    expect((await host.answersWithin(299)).length).toBeGreaterThan(5);
    await host.clock.advance(2);
    expect(await host.answersWithin(500)).toEqual([]);
    expect(
      host.chain.chips.map(({ address, baudRate }) => [address, Math.round(baudRate)]),
    ).toEqual(Array(4).fill([0, 115_741]));
    expect(host.chain.activeMHz).toBe(0);
    expect(await host.ask(probe)).toEqual([]);
    host.baudRate = 115_200;
    expect(await host.ask(probe)).toEqual(Array(4).fill(shortId));
  });
});

describe("activity", () => {
  const activities = ({ chain }: TestHost) => chain.chips.map(({ activity }) => activity);

  test("begins with the first job and needs no second one", async () => {
    const host = readyChain();
    expect(activities(host)).toEqual([0, 0, 0, 0]);
    host.send(job);
    expect(activities(host)).toEqual([1, 1, 1, 1]);
    expect(host.chain.activeMHz).toBe(2_100);
    await host.clock.advance(10_000);
    expect(host.chain.activeMHz).toBe(2_100);
  });

  test.each([
    ["hash counting number 0", (host: TestHost) => host.send(frames.writeAll(0x10, 0))],
    ["a stopped PLL", (host: TestHost) => host.send(frames.writeAll(0x08, 0))],
    ["reset held", (host: TestHost) => host.chain.setReset(true)],
    ["power off", (host: TestHost) => host.chain.setPower(false)],
    ["a board reset", (host: TestHost) => host.chain.addFault(boardReset())],
  ])("ends with %s", (_, stop) => {
    const host = readyChain();
    host.send(job);
    stop(host);
    expect(activities(host)).toEqual([0, 0, 0, 0]);
    expect(host.chain.activeMHz).toBe(0);
  });

  test("follows each chip's own clock and cores", () => {
    const host = readyChain();
    host.send(job, frames.writeOne(2, 0x08, 0x40a20255), frames.writeOne(4, 0x18, 0x3000c100));
    const [, slow] = host.chain.chips;
    expect(activities(host)).toEqual([1, 1, 0.5, 1]);
    expect(host.chain.activeMHz).toBeCloseTo(2.5 * 525 + (slow?.frequencyMHz ?? 0));
  });

  test.each<[string, ChainFault, readonly number[]]>([
    ["a dead chip's ends", deadButForwarding(1), [1, 0, 1, 1]],
    ["what is cut off goes on with its last job", missingChip(1), [1, 0, 1, 1]],
  ])("with a fault: %s", (_, fault, expected) => {
    const host = readyChain();
    host.send(job);
    host.chain.addFault(fault);
    expect(activities(host)).toEqual(expected);
    host.send(job);
    expect(activities(host)).toEqual(expected);
    host.chain.setPower(false);
    expect(activities(host)).toEqual([0, 0, 0, 0]);
  });

  test("of a chip that never heard a job is none", () => {
    const host = readyChain();
    host.chain.addFault(missingChip(2));
    host.send(job);
    expect(activities(host)).toEqual([1, 1, 0, 0]);
  });

  test("of a BM1397 ends with its ordered clocks, or in reset", () => {
    const host = new TestHost({ chip: bm1397, chipCount: 1, requiredZeroBits: 20 });
    const job = vectors.exhaustive_nonces.job_frame_4midstate_bm1397;
    host.send(job);
    expect(host.chain.activeMHz).toBe(50);
    host.send(frames.writeAll(0x20, 0));
    expect(host.chain.activeMHz).toBe(0);
    host.send(frames.writeAll(0x20, 1));
    expect(host.chain.activeMHz).toBe(50);
    host.chain.setReset(true);
    host.chain.setReset(false);
    expect(host.chain.activeMHz).toBe(0);
  });

  test("costs nothing to ask: ten times a second for an hour of 126 chips in less than 50 ms", () => {
    const host = new TestHost({ chip: bm1362, chipCount: 126, requiredZeroBits: 20 });
    host.send(frames.writeAll(0x18, 0xb000c100), frames.writeAll(0x10, 0x1381), job);
    const startMs = performance.now();
    let total = 0;
    for (let i = 0; i < 36_000; i++) total += host.chain.activeMHz;
    expect(total).toBe(36_000 * 126 * 50);
    expect(performance.now() - startMs).toBeLessThan(50);
  });
});
