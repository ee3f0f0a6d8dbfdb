import { describe, expect, test } from "vitest";
import { bm1362, bm1370 } from "../../../drivers/bm13xx/chips.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { frames, TestHost } from "./host.ts";

const probe = "55aa520500000a";
const enableRolling = "55aa510900a49000ffff1c";

function bm1362Chain(chipCount = 126): TestHost {
  return new TestHost({ chip: bm1362, chipCount, requiredZeroBits: 10 });
}

function bm1370Chain(chipCount = 1): TestHost {
  return new TestHost({ chip: bm1370, chipCount, requiredZeroBits: 10 });
}

describe("a chain out of reset", () => {
  test("answers the captured reads with the captured bytes", async () => {
    const host = bm1370Chain();
    expect(await host.ask(probe)).toEqual(["aa5513700000000006"]);
    expect(await host.ask("55aa520500181d")).toEqual(["aa550000c100001802"]);
    host.send(enableRolling);
    expect(await host.ask(probe)).toEqual(["aa55137000000000000010"]);
  });

  test("answers the probe once per chip, in 9 bytes, each at least a frame time after the other", async () => {
    const host = bm1362Chain();
    expect(await host.ask(probe)).toEqual(Array(126).fill("aa551362030000000d"));
    const frameMs = (90 * 1_000) / 115_740.74;
    host.answers.forEach(({ atMs }, i) => {
      expect(atMs).toBeCloseTo((i + 1) * frameMs, 3);
    });
  });

  test("needs 121 ms for 126 long answers", async () => {
    const host = bm1362Chain();
    host.send(enableRolling, probe);
    expect(await host.answersWithin(119)).toHaveLength(125);
    expect(await host.answersWithin(2)).toHaveLength(1);
  });

  test("stays on long answers once rolling was enabled, until reset", async () => {
    const host = bm1370Chain();
    host.send(enableRolling, frames.writeAll(0xa4, 0));
    expect(await host.ask(probe)).toEqual(["aa55137000000000000010"]);
    host.chain.setReset(true);
    host.chain.setReset(false);
    expect(await host.ask(probe)).toEqual(["aa5513700000000006"]);
  });

  test("obeys a command to address 0 with every chip", async () => {
    const host = bm1362Chain(3);
    expect(await host.ask(frames.readOne(0, 0x18))).toHaveLength(3);
  });

  test("runs at 50 MHz and shows the PLL as locked", async () => {
    const host = bm1362Chain(1);
    expect(host.chain.chips[0]?.frequencyMHz).toBe(50);
    expect(await host.ask(frames.readAll(0x08))).toEqual([expect.stringContaining("aa55c0540165")]);
    host.send(frames.writeAll(0x08, 0x40a80230));
    expect(await host.ask(frames.readAll(0x08))).toEqual([expect.stringContaining("aa55c0a80230")]);
  });

  test.each(vectors.pll)("$reg08 means $actual_mhz MHz", ({ reg08, actual_mhz }) => {
    const host = bm1370Chain();
    host.send(frames.writeAll(0x08, Number.parseInt(reg08, 16)));
    expect(host.chain.chips[0]?.frequencyMHz).toBeCloseTo(actual_mhz, 5);
  });
});

describe("addressing", () => {
  test("gives each chip the next address and ignores the surplus", async () => {
    const host = bm1362Chain(5);
    host.send(enableRolling, frames.chainInactive);
    for (let i = 0; i < 128; i++) host.send(frames.setAddress(2 * i));
    expect(host.chain.chips.map(({ address }) => address)).toEqual([0, 2, 4, 6, 8]);
    expect(host.chain.chips.every(({ isAddressed }) => isAddressed)).toBe(true);
  });

  test("makes the answers of the captured S19j Pro", async () => {
    const host = bm1362Chain();
    host.send(enableRolling, frames.chainInactive);
    for (let i = 0; i < 128; i++) host.send(frames.setAddress(2 * i));
    const captured = vectors.response_frames.filter(
      ({ origin, chip, chip_addr }) => origin === "captured" && chip === "BM1362" && chip_addr,
    );
    const all = await host.ask(probe);
    expect(captured.length).toBeGreaterThan(3);
    for (const { frame, chip_addr = 0, kind } of captured) {
      if (kind !== "register") continue;
      expect(all[chip_addr / 2]).toBe(frame);
      expect(await host.ask(frames.readOne(chip_addr, 0))).toEqual([frame]);
    }
  });

  test("without chain-inactive gives an address to the first chip only", () => {
    const host = bm1362Chain(3);
    for (const address of [2, 4, 6]) host.send(frames.setAddress(address));
    expect(host.chain.chips.map(({ address }) => address)).toEqual([2, 0, 0]);
  });

  test("can be done again", () => {
    const host = bm1362Chain(3);
    for (const step of [2, 4]) {
      host.send(frames.chainInactive);
      for (let i = 0; i < 3; i++) host.send(frames.setAddress(step * i));
    }
    expect(host.chain.chips.map(({ address }) => address)).toEqual([0, 4, 8]);
  });
});

describe("registers", () => {
  test("are written and read per chip and by all", async () => {
    const host = bm1362Chain(3);
    host.send(enableRolling, frames.chainInactive);
    for (const address of [0, 2, 4]) host.send(frames.setAddress(address));
    host.send(frames.writeAll(0x58, 0x00011111), frames.writeOne(2, 0x58, 0x0001f111));
    const values = (await host.ask(frames.readAll(0x58))).map((hex) => hex.slice(4, 16));
    expect(values).toEqual(["000111110058", "0001f1110258", "000111110458"]);
    expect(await host.ask(frames.readOne(4, 0xb9))).toEqual([
      expect.stringContaining("aa550000000004b9"),
    ]);
  });
});

describe("the baud rate", () => {
  test("changes after the frame that changes it, and bytes at another rate are garbage both ways", async () => {
    const host = bm1362Chain(2);
    host.send(enableRolling, frames.writeAll(0x28, 0x11300000));
    expect(host.chain.chips.map(({ baudRate }) => baudRate)).toEqual([3_125_000, 3_125_000]);
    const { commandsReceived } = host.chain.counters;
    expect(await host.ask(probe)).toEqual([]);
    expect(host.chain.counters.commandsReceived).toBe(commandsReceived);
    host.baudRate = 3_125_000;
    host.send(new Uint8Array(88));
    expect(await host.ask(probe)).toEqual(Array(2).fill("aa5513620300000000001e"));
    host.send(probe);
    host.baudRate = 115_200;
    for (const hex of await host.answersWithin(10)) expect(hex).not.toBe("aa5513620300000000001e");
  });

  test("may be 4 % off, not 6", async () => {
    const host = bm1370Chain();
    host.send(frames.writeAll(0x28, 0x11300200));
    host.baudRate = 1_000_000;
    expect(await host.ask(probe)).toEqual(["aa5513700000000006"]);
    host.baudRate = 980_000;
    expect(await host.ask(probe)).toEqual([]);
  });

  test("sets the pace of the answers", async () => {
    const host = bm1370Chain();
    host.send(frames.writeAll(0x28, 0x11300000));
    host.baudRate = 3_000_000;
    const sentMs = host.clock.nowMs();
    await host.ask(probe);
    expect((host.answers[0]?.atMs as number) - sentMs).toBeCloseTo(90 / 3_125, 6);
  });

  test.each(vectors.baud.filter(({ reg }) => reg === "28"))(
    "$value is $baud",
    ({ value, baud }) => {
      const host = bm1370Chain();
      host.send(frames.writeAll(0x28, Number.parseInt(value, 16)));
      expect(host.chain.chips[0]?.baudRate).toBeCloseTo(baud, 0);
    },
  );

  test("of 6.25 M comes from PLL1", () => {
    const host = bm1370Chain();
    host.send(frames.writeAll(0x60, 0xc0700111), frames.writeAll(0x28, 0x15600700));
    expect(host.chain.chips[0]?.baudRate).toBe(6_250_000);
  });
});

describe("a recorded bring-up", () => {
  const { bm1362_s19jpro_126, bm1370_s21pro_65, bm1370_single_esp } = vectors.init_sequences;

  /** Sends what is recorded; steps without bytes are left to `onStep`. */
  async function replay(
    host: TestHost,
    steps: readonly { frame?: string; step?: string; then?: string; delay_ms?: number }[],
    onStep: (step: string) => void,
  ): Promise<void> {
    for (const { frame, step, then, delay_ms } of steps) {
      if (frame === undefined) onStep(step ?? "");
      else host.send(frame);
      await host.clock.advance(then?.startsWith("collect") ? 200 : (delay_ms ?? 60));
      const switched = then?.match(/host -> ([\d.]+)( Mbaud)?/);
      if (switched) host.baudRate = Number(switched[1]) * (switched[2] ? 1e6 : 1);
    }
  }

  test("of an S19j Pro leaves 126 BM1362 ready to hash", async () => {
    const host = bm1362Chain();
    await replay(host, bm1362_s19jpro_126.steps, (step) => {
      if (step.startsWith("RAMP"))
        for (const word of vectors.pll_ramps["min_postdiv_56.25_525"])
          host.send(frames.writeAll(0x08, Number.parseInt(word, 16)));
    });
    expect(host.answers).toHaveLength(126);
    expect(host.chain.counters).toMatchObject({ checksumErrors: 0, bytesDropped: 0 });
    host.chain.chips.forEach((chip, i) => {
      expect(chip.address).toBe(2 * i);
      expect(chip.frequencyMHz).toBe(525);
      expect(chip.baudRate).toBe(3_125_000);
      expect(chip.register(0x10)).toBe(0x1381);
      expect(chip.register(0x14)).toBe(0xff);
      expect(chip.register(0x18)).toBe(0xb000c100);
      expect(chip.register(0xa4)).toBe(0x9000ffff);
    });
  });

  test("of an S21 Pro leaves 65 BM1370 with their nonce offsets", async () => {
    const host = bm1370Chain(65);
    await replay(host, bm1370_s21pro_65.steps, (step) => {
      if (step.startsWith("RAMP")) host.send(frames.writeAll(0x08, 0x50c00230));
      if (step === "one JOB") host.send(vectors.exhaustive_nonces.job_frame);
    });
    expect(host.chain.counters).toMatchObject({
      checksumErrors: 0,
      bytesDropped: 0,
      jobsReceived: 1,
    });
    host.chain.chips.forEach((chip, i) => {
      expect(chip.address).toBe(2 * i);
      expect(chip.frequencyMHz).toBe(600);
      expect(chip.register(0x0c)).toBe(Number.parseInt(vectors.nonce_offsets.values[i] ?? "", 16));
      expect(chip.register(0x10)).toBe(0x1eb5);
      expect(chip.register(0x18)).toBe(0xf000c100);
    });
  });

  test("of a Bitaxe Gamma leaves one BM1370 at 1 Mbaud", async () => {
    const host = bm1370Chain();
    await replay(host, bm1370_single_esp.steps, (step) => {
      if (step.startsWith("RAMP"))
        for (const word of vectors.pll_ramps["first_fit_56.25_525"])
          host.send(frames.writeAll(0x08, Number.parseInt(word, 16)));
      if (step.startsWith("HCN")) host.send(frames.writeAll(0x10, 798_647));
    });
    expect(host.chain.counters).toMatchObject({ checksumErrors: 0, bytesDropped: 0 });
    expect(host.chain.chips[0]?.frequencyMHz).toBe(525);
    expect(await host.ask(probe)).toEqual(["aa55137000000000000010"]);
  });
});
