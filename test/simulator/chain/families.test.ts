import { describe, expect, test } from "vitest";
import {
  type Bm13xxChip,
  bm1366,
  bm1368,
  bm1370,
  bm1372,
  bm1373,
} from "../../../drivers/bm13xx/chips.ts";
import { fromHex } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { frames, jobFrame, TestHost } from "./host.ts";

const probe = "55aa520500000a";
const { bm1366_single_esp, bm1368_single_esp, bm1372_single_esp } = vectors.init_sequences;

describe("full-header chips", () => {
  test.each([
    [bm1366, "aa551366000000000c", "aa55136600000000000005"],
    [bm1368, "aa5513680000000014", "aa5513680000000000000f"],
    [bm1370, "aa5513700000000006", "aa55137000000000000010"],
    [bm1372, "aa5513720000000017", "aa55137200000000000007"],
    [bm1373, "aa551373000000000d", "aa5513730000000000001e"],
  ])("$name answers the probe in 9 bytes, and in 11 once rolling", async (chip, short, long) => {
    const host = new TestHost({ chip, chipCount: 2, requiredZeroBits: 10 });
    expect(await host.ask(probe)).toEqual([short, short]);
    host.send("55aa510900a49000ffff1c");
    expect(await host.ask(probe)).toEqual([long, long]);
  });

  test.each([
    [bm1366, bm1366_single_esp.steps, 1_000_000],
    [bm1368, bm1368_single_esp.steps, 1_000_000],
    [bm1372, bm1372_single_esp.steps, 3_000_000],
  ] as const)("$name understands its recorded bring-up", async (chip, steps, fastBaud) => {
    const host = new TestHost({ chip, chipCount: 1, requiredZeroBits: 10 });
    for (const step of steps) {
      if ("step" in step && step.step === "HCN") host.send(frames.writeAll(0x10, 0x1eb5));
      if (!("frame" in step) || step.frame === undefined) continue;
      host.send(step.frame);
      await host.clock.advance(5);
      if (/^55aa51..0028/.test(step.frame)) host.baudRate = fastBaud;
    }
    expect(host.chain.counters).toMatchObject({ checksumErrors: 0, bytesDropped: 0 });
    const { isAddressed, answerForm } = host.chain.chips[0] ?? {};
    expect({ isAddressed, answerForm }).toEqual({ isAddressed: true, answerForm: "long" });
    const header = fromHex(vectors.jobs[0]?.header ?? "");
    host.send(jobFrame({ idByte: 0x18, header }));
    expect(host.chain.chips[0]?.activity).toBe(1);
    expect(await host.ask(probe)).toHaveLength(1);
  });

  const block = vectors.jobs.find(({ name }) => name === "block-b2cf9fda");
  test.each([
    [bm1366, block?.response_frame_bm1362_bm1366],
    [bm1368, block?.response_frame_bm1368_bm1370],
    [bm1372, block?.response_frame_bm1368_bm1370],
  ] as const)(
    "$name that sweeps the job of a real block answers %s with the nonce that was mined",
    { timeout: 60_000 },
    async (chip: Bm13xxChip, answer) => {
      // The nonce is 000187a2: core 0, address 0. One quarter of the cores and one version get there soon.
      const hashes = (0x187a2 + 1) * Math.floor(chip.cores / 4);
      const host = new TestHost({
        chip,
        chipCount: 1,
        requiredZeroBits: 32,
        scale: (50e6 * chip.smallCores) / (4 * hashes),
      });
      host.send(frames.writeAll(0xa4, 0x90000000), frames.writeAll(0x18, 0x1000c100));
      host.send(frames.writeAll(0x14, 0xff), frames.writeAll(0x10, 0x8000));
      host.send(block?.job_frame ?? "");
      expect(await host.answersWithin(1_002)).toEqual([answer]);
    },
  );

  test("a BM1372 is called by a quarter of its address and answers with all of it", async () => {
    const host = new TestHost({ chip: bm1372, chipCount: 3, requiredZeroBits: 10 });
    host.send(frames.chainInactive);
    for (let i = 0; i < 3; i++) host.send(frames.setAddress(0x10 * i));
    host.send(frames.writeOne(4, 0x58, 0x0001f111));
    expect(host.chain.chips.map((chip) => chip.register(0x58))).toEqual([
      0x00012111, 0x0001f111, 0x00012111,
    ]);
    const [answer] = await host.ask(frames.readOne(8, 0x00));
    expect(answer?.slice(4, 14)).toBe("1372002020");
  });
});

describe("the temperature on the chip", () => {
  const measure = [0x80000000, 0x00020000, 0x01020000, 0x10020000];

  async function temperatureOf(host: TestHost, steps = measure): Promise<readonly string[]> {
    for (const step of steps) {
      host.send(frames.writeAll(0xb0, step));
      await host.clock.advance(10);
    }
    return (await host.ask(frames.readAll(0xb4))).map((hex) => hex.slice(4, 12));
  }

  test("of a BM1368 is what it was set to, in the register's unit", async () => {
    const host = new TestHost({ chip: bm1368, chipCount: 2, requiredZeroBits: 10 });
    const recorded = vectors.temperature.find(({ sensor }) => sensor.startsWith("BM1368"));
    host.chain.setChipTemperatureC("all", recorded?.celsius ?? 0);
    host.chain.setChipTemperatureC(1, 71.5);
    const [first, second] = await temperatureOf(host);
    expect(first).toBe(recorded?.raw);
    const code = Number.parseInt(second ?? "", 16) & 0xffff;
    expect(code * 0.171342 - 299.5144).toBeCloseTo(71.5, 0);
  });

  test("is only valid after the whole measurement, and each measurement is a new one", async () => {
    const host = new TestHost({ chip: bm1368, chipCount: 1, requiredZeroBits: 10 });
    expect(await temperatureOf(host, [])).toEqual(["00000000"]);
    expect(await temperatureOf(host, measure.slice(0, 3))).toEqual(["00000000"]);
    expect(await temperatureOf(host, measure.slice(1))).toEqual(["00000000"]);
    const [first, second, third, last] = measure as [number, number, number, number];
    expect(await temperatureOf(host, [first, third, second, last])).toEqual(["00000000"]);
    const [cool] = await temperatureOf(host);
    host.chain.setChipTemperatureC(0, 90);
    expect(await temperatureOf(host, [])).toEqual([cool]);
    expect(await temperatureOf(host)).not.toEqual([cool]);
  });

  test("outlasts a reset, its result does not", async () => {
    const host = new TestHost({ chip: bm1368, chipCount: 1, requiredZeroBits: 10 });
    host.chain.setChipTemperatureC(0, 90);
    const before = await temperatureOf(host);
    host.chain.setReset(true);
    host.chain.setReset(false);
    expect(await temperatureOf(host, [])).toEqual(["00000000"]);
    expect(await temperatureOf(host)).toEqual(before);
  });

  test.each([bm1366, bm1370])("of a $name always reads 0", async (chip) => {
    const host = new TestHost({ chip, chipCount: 1, requiredZeroBits: 10 });
    host.chain.setChipTemperatureC("all", 80);
    expect(await temperatureOf(host)).toEqual(["00000000"]);
  });

  test("of a chip that is not there is refused by name", () => {
    const host = new TestHost({ chip: bm1368, chipCount: 2, requiredZeroBits: 10 });
    expect(() => host.chain.setChipTemperatureC(2, 20)).toThrow("chain: chip 2; allowed: 0 to 1");
  });
});
