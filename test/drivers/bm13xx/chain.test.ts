import { describe, expect, test } from "vitest";
import { bringUpSteps } from "../../../drivers/bm13xx/bring-up.ts";
import { bringUpChain } from "../../../drivers/bm13xx/chain.ts";
import { type Bm13xxChainOptions, planOf } from "../../../drivers/bm13xx/chain-options.ts";
import { bm1370, bm1372, bm1397 } from "../../../drivers/bm13xx/chips.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import { DeviceError } from "../../../src/lib/errors.ts";
import { silentLog } from "../../../src/lib/log.ts";
import { capturedNonces, nonceAnswer, registerAnswer } from "./answer-frames.ts";
import { s19jProOptions, s21ProOptions } from "./chain-fixtures.ts";
import { ScriptedChain, type ScriptedChainOptions } from "./scripted-chain.ts";

const HCN_OFF = "55aa510900100000000011";
const HCN_S19J_PRO = "55aa510900100000138108";
const PLL_50_MHZ = "55aa5109000840a80265";
const VERIFY = "55aa420500000e";

function startBringUp(options: Bm13xxChainOptions, script: Partial<ScriptedChainOptions> = {}) {
  const clock = new VirtualClock();
  const { chip, chipCount } = options;
  const uart = new ScriptedChain(clock, { chip, chips: chipCount, ...script });
  const stop = new AbortController();
  const chain = bringUpChain(uart, clock, options, stop.signal, silentLog);
  chain.catch(() => {});
  return { clock, uart, stop, chain };
}

async function broughtUp(options: Bm13xxChainOptions, script: Partial<ScriptedChainOptions> = {}) {
  const { clock, uart, chain } = startBringUp(options, script);
  await clock.advance(60_000);
  const ready = await chain;
  const bringUpFrames = uart.sent.length;
  return { clock, uart, chain: ready, sentSince: () => uart.hexes.slice(bringUpFrames) };
}

/** What must be left behind however it ended. */
function expectStopped(clock: VirtualClock, uart: ScriptedChain) {
  expect(uart.hexes.slice(-2)).toEqual([HCN_OFF, expect.stringContaining(PLL_50_MHZ)]);
  expect(uart.closed).toBe(1);
  expect(uart.listeners).toBe(0);
  expect(clock.pendingTimers).toBe(0);
}

const job = (chipJobId: number) => ({
  chipJobId,
  version: 0x20000000,
  prevHash: new Uint8Array(32).fill(1),
  merkleRoot: new Uint8Array(32).fill(chipJobId),
  ntime: 1_750_000_000,
  nbits: 0x1d00ffff,
});
const isReadBack = (hex: string) => /^55aa5205..(08|10|14)/.test(hex);
const isJob = (hex: string) => hex.startsWith("55aa21");

describe("bringing a chain up", () => {
  test.each([
    ["S19j Pro", s19jProOptions],
    ["S21 Pro", s21ProOptions],
  ])(
    "an %s gets the captured frames at the captured times, one read at the new rate, and reads at the end",
    async (_, options) => {
      const { uart } = await broughtUp(options);
      const steps = [...bringUpSteps(planOf(options))];
      const frames = steps.flatMap((step) => ("frame" in step ? [toHex(step.frame)] : []));
      const sent = uart.hexes.filter((hex) => hex !== VERIFY && !isReadBack(hex));
      expect(sent).toEqual(frames);
      expect(uart.hexes.filter((hex) => hex === VERIFY)).toHaveLength(1);

      const baudWrite = uart.hexes.findIndex((hex) => hex.startsWith("55aa51090028"));
      expect(uart.sent.slice(0, baudWrite + 1).every((sent) => sent.baudRate === 115_200)).toBe(
        true,
      );
      expect(uart.sent.slice(baudWrite + 1).every((sent) => sent.baudRate === 3_125_000)).toBe(
        true,
      );
      const [write, verify] = uart.sent.slice(baudWrite);
      expect((verify?.atMs ?? 0) - (write?.atMs ?? 0)).toBe(60);
      const ramp = uart.sent.filter(({ hex }) => hex.startsWith("55aa51090008"));
      for (const [i, { atMs }] of ramp.slice(1).entries())
        expect(atMs - (ramp[i]?.atMs ?? 0)).toBe(100);
    },
  );

  test("says what it does meanwhile", async () => {
    const phases: string[] = [];
    await broughtUp({ ...s19jProOptions, onPhase: (phase) => phases.push(phase) });
    expect(phases).toEqual([
      "probing",
      "addressing",
      "configuring",
      "switching-baud",
      "ramping",
      "configuring",
      "starting",
    ]);
  });

  test("tells what the chain can do", async () => {
    const { chain } = await broughtUp(s19jProOptions);
    expect(chain).toMatchObject({
      chipName: "BM1362",
      chipsFound: 126,
      frequencyMHz: 525,
      ticketZeroBits: 40,
      rollableMask: 0x1fffe000,
    });
    expect(chain.nominalHps).toBe(525e6 * 514 * 126);
    expect(chain.epochMs(16)).toBeCloseTo(1636, 0);
    expect(chain.nonceCoverage).toBeCloseTo(0.4, 2);
    expect(chain.chipJobIds).toHaveLength(32);
  });

  test("scaled, it demands fewer zero bits and promises as much less", async () => {
    const { chain } = await broughtUp({ ...s19jProOptions, hashScale: 2 ** 23 });
    expect(chain.ticketZeroBits).toBe(40 - 23);
    expect(chain.nominalHps).toBe((525e6 * 514 * 126) / 2 ** 23);
  });

  test("finds its chips among noise, and counts it", async () => {
    const noise = fromHex("ffaa55aa00fe00aa5513620300000000001f");
    const { chain } = await broughtUp(s19jProOptions, { noise });
    expect(chain.chipsFound).toBe(126);
    expect(chain.counters.bytesDropped).toBe(noise.length);
    expect(chain.counters.crcErrors).toBeGreaterThan(0);
  });

  test("forgets half an answer that came in while the rates differed", async () => {
    const script = { garbageAtBaudChange: fromHex("aa5513") };
    const { chain } = await broughtUp(s19jProOptions, script);
    expect(chain.counters).toMatchObject({ bytesDropped: 3, crcErrors: 0 });
  });

  test("asks again when chips are missing at first", async () => {
    const { chain, uart } = await broughtUp(s19jProOptions, { answeringPerProbe: [120, 126] });
    expect(chain.chipsFound).toBe(126);
    expect(uart.probes).toBe(2);
  });

  test("goes on with fewer chips only where that is allowed", async () => {
    const script = { answeringPerProbe: [100] };
    const { chain } = await broughtUp({ ...s19jProOptions, acceptFewerChips: true }, script);
    expect(chain.chipsFound).toBe(100);
    expect(chain.nominalHps).toBe(525e6 * 514 * 100);
  });
});

describe("a bring-up that fails", () => {
  test.each([
    [
      "too few chips",
      s19jProOptions,
      { answeringPerProbe: [120, 119, 120] },
      "/dev/ttyS9: find chips: not-found (found 120 chips, expected 126 BM1362)",
    ],
    [
      "no chips",
      s19jProOptions,
      { chips: 0 },
      "/dev/ttyS9: find chips: timeout (no chip answered, expected 126 BM1362)",
    ],
    [
      "other chips",
      s19jProOptions,
      { chipId: 0x1370 },
      "/dev/ttyS9: find chips: wrong-id (found chips with id 1370, expected 126 BM1362)",
    ],
    [
      "chips that do not follow the change of rate",
      s21ProOptions,
      { deafAtBaud: [3_125_000] },
      "/dev/ttyS9: switch baud rate: timeout (the first chip is silent at 3125000 baud)",
    ],
  ])(
    "because of %s says so, stops the chips and closes the UART",
    async (_, options, script, text) => {
      const { clock, uart, chain } = startBringUp(options, script);
      await clock.advance(60_000);
      await expect(chain).rejects.toMatchObject({ message: text });
      await expect(chain).rejects.toBeInstanceOf(DeviceError);
      expectStopped(clock, uart);
    },
  );

  test("because its options are wrong closes the UART too", async () => {
    const { clock, uart, chain } = startBringUp({ ...s19jProOptions, chipCount: 1_000 });
    await clock.advance(0);
    await expect(chain).rejects.toThrow("chipCount");
    expect(uart.closed).toBe(1);
  });

  /** Probing, addressing, at the change of rate, ramping, configuring chips. */
  test.each([0, 5, 130, 700, 1_600, 1_640, 5_000, 12_000])(
    "because it was aborted after %i ms leaves nothing behind",
    async (afterMs) => {
      const { clock, uart, stop, chain } = startBringUp(s19jProOptions);
      await clock.advance(afterMs);
      const reason = new Error("enough");
      stop.abort(reason);
      await clock.advance(1_000);
      await expect(chain).rejects.toBe(reason);
      expectStopped(clock, uart);
    },
  );

  test("because it was aborted stops the chips at either rate, however far the change had come", async () => {
    const { clock, uart, stop, chain } = startBringUp(s19jProOptions);
    while (!uart.hexes.some((hex) => hex.startsWith("55aa51090028"))) await clock.advance(1);
    const before = uart.sent.length;
    stop.abort(new Error("enough"));
    await clock.advance(1_000);
    await expect(chain).rejects.toThrow("enough");
    const stops = uart.sent.slice(before).filter(({ hex }) => hex === HCN_OFF);
    expect(stops.map(({ baudRate }) => baudRate)).toEqual([115_200, 3_125_000]);
  });

  test.each([
    ["a wrong chip that", 0x1370, "wrong-id", 5_000],
    ["a single chip that", 0x1362, "not-found", 10_000],
  ])("because of %s never stops answering ends", async (_, chipId, code, withinMs) => {
    const answer = registerAnswer(((chipId << 16) | 0x0300) >>> 0, 0, 0);
    const { clock, uart, chain } = startBringUp(s19jProOptions, {
      babble: { answer, everyMs: 500 },
    });
    let error: unknown;
    chain.catch((reason) => {
      error = reason;
    });
    await clock.advance(withinMs);
    expect(error).toMatchObject({ code });
    expectStopped(clock, uart);
  });

  test("because it was aborted while it looked for chips at the fast rate ends, although nothing drains", async () => {
    const { clock, uart, stop, chain } = startBringUp(s19jProOptions, {
      chips: 0,
      neverDrains: true,
    });
    while (uart.baudRate === 115_200) await clock.advance(1);
    stop.abort(new Error("enough"));
    let error: unknown;
    chain.catch((reason) => {
      error = reason;
    });
    await clock.advance(1_000);
    expect(error).toMatchObject({ message: "enough" });
    expectStopped(clock, uart);
  });

  test("because only noise came says so", async () => {
    const script = { chips: 0, noise: fromHex("ff00fe80aa55") };
    const { clock, chain } = startBringUp(s19jProOptions, script);
    await clock.advance(60_000);
    await expect(chain).rejects.toThrow(
      "no chip answered, expected 126 BM1362; 18 bytes came that are no answer: wrong baud rate or noise on the line",
    );
  });

  test("because the far end reads no more can be aborted, and ends", async () => {
    const { clock, uart, stop, chain } = startBringUp(s19jProOptions, { neverDrains: true });
    await clock.advance(30_000);
    stop.abort(new Error("enough"));
    await clock.advance(1_000);
    await expect(chain).rejects.toThrow("enough");
    expectStopped(clock, uart);
  });

  test("because the UART disappeared says that", async () => {
    const { clock, uart, chain } = startBringUp(s19jProOptions);
    await clock.advance(3_000);
    uart.disappear();
    await clock.advance(1_000);
    await expect(chain).rejects.toThrow("/dev/ttyS9: read: gone");
    expectStopped(clock, uart);
  });
});

describe("a chain that hashes", () => {
  test("sends each job at once, in a frame that stays as it is while others follow", async () => {
    const { chain, uart, sentSince } = await broughtUp(s19jProOptions);
    const frames: Uint8Array[] = [];
    const send = uart.send.bind(uart);
    uart.send = (bytes) => {
      frames.push(bytes);
      send(bytes);
    };
    for (const id of chain.chipJobIds) chain.dispatch(job(id));
    expect(sentSince()).toHaveLength(32);
    expect(frames.map((frame) => toHex(frame))).toEqual(sentSince());
  });

  test("refuses a job id that the chip cannot tell apart", async () => {
    const { chain } = await broughtUp(s19jProOptions);
    expect(() => chain.dispatch(job(1))).toThrow("job id 1; allowed: 0, 8, 16");
  });

  test("stops when told, and wakes with the next job", async () => {
    const { chain, sentSince } = await broughtUp(s19jProOptions);
    chain.dispatch(job(0));
    chain.idle();
    chain.dispatch(job(8));
    chain.dispatch(job(16));
    const seen = sentSince().map((hex) => (isJob(hex) ? "job" : hex));
    expect(seen).toEqual(["job", HCN_OFF, HCN_S19J_PRO, "job", "job"]);
  });

  test("writes a version mask three times, and only when it is another", async () => {
    const { chain, sentSince } = await broughtUp(s19jProOptions);
    chain.setVersionMask(0x1fffe000);
    chain.setVersionMask(0x3fffe000);
    expect(sentSince()).toEqual([]);
    chain.setVersionMask(0x00ffe000);
    chain.setVersionMask(0x00ffe000);
    expect(sentSince().map((hex) => hex.slice(0, 20))).toEqual(
      Array(3).fill("55aa510900a4900007ff"),
    );
  });

  test("passes nonces on as numbers", async () => {
    const { chain, uart } = await broughtUp(s19jProOptions);
    const seen: number[][] = [];
    using _listening = chain.onNonce((...nonce) => seen.push(nonce));
    uart.receive(fromHex("aa556db88ee10104035494"));
    expect(seen).toEqual([[0, 0xe18eb86d, 0x006a8000, 110, 54]]);
  });

  test("tells the chips of an S21 Pro apart by their offsets", async () => {
    const { chain, uart } = await broughtUp(s21ProOptions);
    const seen: number[][] = [];
    using _listening = chain.onNonce((...nonce) => seen.push(nonce));
    for (const frame of capturedNonces) uart.receive(frame);
    expect(seen.map(([id, , , chipIndex, core]) => [id, chipIndex, core])).toEqual([
      [0x48, 0, 12],
      [0x28, 39, 3],
      [0x60, 0, 35],
    ]);
  });

  test("no longer calls a listener that was disposed of", async () => {
    const { chain, uart } = await broughtUp(s19jProOptions);
    const seen: number[] = [];
    chain.onNonce((id) => seen.push(id))[Symbol.dispose]();
    chain.onNonce((id) => seen.push(id));
    uart.receive(fromHex("aa556db88ee10104035494"));
    expect(seen).toEqual([0]);
  });

  test("counts register answers that nobody asked for", async () => {
    const { chain, uart } = await broughtUp(s21ProOptions);
    uart.receive(fromHex("aa55137000000000000010"));
    expect(chain.counters.unexpectedFrames).toBe(1);
  });

  test("reports that its UART disappeared", async () => {
    const { chain, uart } = await broughtUp(s19jProOptions);
    const reasons: string[] = [];
    chain.onGone((reason) => reasons.push(reason.code));
    uart.disappear();
    expect(reasons).toEqual(["gone"]);
  });

  test("disposed of, stops the chips and closes the UART once", async () => {
    const { chain, clock, uart } = await broughtUp(s19jProOptions);
    await Promise.all([chain[Symbol.asyncDispose](), chain[Symbol.asyncDispose]()]);
    expectStopped(clock, uart);
  });
});

describe("an S21 Pro after its first job", () => {
  const HCN = "55aa5109001000001eb50f";
  const MASK = "55aa510900a49000ffff1c";

  test("gets its offsets, its hash counting number and the version mask, 10 ms apart", async () => {
    const { chain, clock, uart, sentSince } = await broughtUp(s21ProOptions);
    chain.dispatch(job(0));
    expect(sentSince().filter(isJob)).toHaveLength(1);
    await clock.advance(5_000);
    const seen = sentSince();
    expect(seen).toHaveLength(1 + 65 + 2);
    expect(seen.slice(1, 3)).toEqual(["55aa4109000c800000001a", "55aa4109020c800003f103"]);
    expect(seen.slice(-2)).toEqual([HCN, MASK]);
    const [first, second] = uart.sent.slice(-3);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBe(10);
    chain.dispatch(job(0x18));
    expect(sentSince()).toHaveLength(1 + 65 + 2 + 1);
  });

  test("takes further jobs meanwhile", async () => {
    const { chain, clock, sentSince } = await broughtUp(s21ProOptions);
    chain.dispatch(job(0));
    await clock.advance(200);
    chain.dispatch(job(0x18));
    expect(isJob(sentSince().at(-1) ?? "")).toBe(true);
    await clock.advance(5_000);
    expect(sentSince().filter((hex) => hex === HCN)).toHaveLength(1);
    expect(sentSince().filter(isJob)).toHaveLength(2);
  });

  test("stays idle when work ended meanwhile, until the next job", async () => {
    const { chain, clock, sentSince } = await broughtUp(s21ProOptions);
    chain.dispatch(job(0));
    await clock.advance(200);
    chain.idle();
    await clock.advance(5_000);
    expect(sentSince()).not.toContain(HCN);
    chain.dispatch(job(0x18));
    expect(sentSince().slice(-2)).toEqual([HCN, expect.stringMatching(/^55aa21/)]);
  });

  test("keeps the version mask that it was given meanwhile", async () => {
    const { chain, clock, sentSince } = await broughtUp(s21ProOptions);
    chain.dispatch(job(0));
    await clock.advance(200);
    chain.setVersionMask(0x00ffe000);
    await clock.advance(5_000);
    expect(sentSince().at(-1)?.slice(0, 20)).toBe("55aa510900a4900007ff");
  });

  test("disposed of meanwhile, writes no more of it", async () => {
    const { chain, clock, uart } = await broughtUp(s21ProOptions);
    chain.dispatch(job(0));
    await clock.advance(200);
    await chain[Symbol.asyncDispose]();
    await clock.advance(5_000);
    expectStopped(clock, uart);
  });
});

test("a single BM1370 comes up at 1 Mbaud", async () => {
  const { chain, uart } = await broughtUp({
    chip: bm1370,
    chipCount: 1,
    addressInterval: 256,
    layout: "single",
    frequencyMHz: 525,
    ticketDifficulty: 256,
  });
  expect(uart.baudRate).toBe(1_000_000);
  expect(chain.chipJobIds).toHaveLength(16);
  expect(chain.nominalHps).toBe(525e6 * 2040);
});

describe("a BM1397", () => {
  const options: Bm13xxChainOptions = {
    chip: bm1397,
    chipCount: 1,
    addressInterval: 256,
    layout: "single",
    frequencyMHz: 425,
    ticketDifficulty: 256,
  };
  const CLOCKS_OFF = "55aa510900200000000007";
  const CLOCKS_ON = "55aa510900200000000102";
  const isMidstateJob = (hex: string) => hex.startsWith("55aa21");

  test("comes up on answers of 9 bytes, and tells what it can do", async () => {
    const { chain, uart } = await broughtUp(options);
    expect(uart.baudRate).toBe(3_125_000);
    expect(uart.hexes[0]).toBe("55aa520500000a");
    expect(chain).toMatchObject({ chipName: "BM1397", chipsFound: 1, rollableMask: 0x6000 });
    expect(chain.counters).toMatchObject({ crcErrors: 0, bytesDropped: 0, unexpectedFrames: 0 });
    expect(chain.nominalHps).toBe(425e6 * 672);
    expect(chain.nonceCoverage).toBe(168 / 256);
    expect(chain.epochMs(2)).toBeCloseTo(39.5, 1);
    expect(uart.hexes.some((hex) => hex.startsWith("55aa510900a4"))).toBe(false);
  });

  test("gets a midstate for each version that it may roll, and says which one it was", async () => {
    const { chain, uart, sentSince } = await broughtUp(options);
    const seen: number[][] = [];
    using _listening = chain.onNonce((...nonce) => seen.push(nonce));
    for (const [mask, lengthByte] of [
      [0x1fffe000, "96"],
      [0x1fff8000, "36"],
      [0x1fffc000, "56"],
    ] as const) {
      chain.setVersionMask(mask);
      chain.dispatch(job(96));
      expect(sentSince().at(-1)?.slice(6, 8)).toBe(lengthByte);
      uart.receive(fromHex("aa5597c328b601639c"));
      uart.receive(nonceAnswer(0x97c328b6, 0, 0x61, 0, 9));
    }
    expect(sentSince().every(isMidstateJob)).toBe(true);
    const [chipJobId, nonce, , , core] = seen[0] as number[];
    expect([chipJobId, nonce, core]).toEqual([96, 0xb628c397, 151]);
    // Midstates 3 and 1 of four, of one, of two: what a job did not have is no version of it.
    const [NONE, ONE, BOTH] = [0x1fffe000, 0x2000, 0x6000];
    expect(seen.map(([, , bits]) => bits)).toEqual([BOTH, ONE, NONE, NONE, NONE, 0x4000]);
  });

  test("sends each job in a frame that stays as it is while others follow", async () => {
    const { chain, uart, sentSince } = await broughtUp(options);
    const frames: Uint8Array[] = [];
    const send = uart.send.bind(uart);
    uart.send = (bytes) => {
      frames.push(bytes);
      send(bytes);
    };
    for (const id of chain.chipJobIds) chain.dispatch(job(id));
    expect(sentSince()).toHaveLength(32);
    expect(frames.map((frame) => toHex(frame))).toEqual(sentSince());
  });

  test("stands still without its clocks when told, and gets them back with the next job", async () => {
    const { chain, sentSince } = await broughtUp(options);
    chain.dispatch(job(4));
    chain.idle();
    chain.dispatch(job(8));
    const seen = sentSince().map((hex) => (isMidstateJob(hex) ? "job" : hex));
    expect(seen).toEqual(["job", CLOCKS_OFF, CLOCKS_ON, "job"]);
  });

  test("disposed of, loses its clocks and goes down to 50 MHz", async () => {
    const { chain, clock, uart, sentSince } = await broughtUp(options);
    const closing = chain[Symbol.asyncDispose]();
    await clock.advance(1_000);
    await closing;
    expect(sentSince().map((hex) => hex.slice(10, 20))).toEqual([
      "2000000000",
      "700f0f0f00",
      "700f0f0f00",
      "08403c0253",
      "08403c0253",
    ]);
    expect(uart.closed).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  test("that a killed program left at the fast rate is sent back by its own register", async () => {
    const { uart, clock, chain } = startBringUp(options, { chips: 0 });
    await clock.advance(60_000);
    await expect(chain).rejects.toThrow("no chip answered");
    const back = uart.sent.filter(({ hex }) => hex.startsWith("55aa5109001800007a31"));
    expect(back.map(({ baudRate }) => baudRate)).toEqual([3_125_000]);
  });
});

describe("a BM1372, which is asked before version rolling is on,", () => {
  const options: Bm13xxChainOptions = {
    chip: bm1372,
    chipCount: 1,
    addressInterval: 16,
    layout: "single",
    frequencyMHz: 100,
    ticketDifficulty: 256,
    allowExperimental: true,
  };

  test.each([
    ["out of reset answers in 9 bytes, and in 11 from then on", {}],
    ["left behind by a killed program answers in 11 bytes at once", { answersLong: true }],
  ])("%s", async (_, script) => {
    const { chain, uart } = await broughtUp(options, script);
    expect(chain.chipsFound).toBe(1);
    const seen: number[] = [];
    chain.onNonce((_id, nonce) => seen.push(nonce));
    for (const frame of capturedNonces) uart.receive(frame);
    expect(seen).toHaveLength(3);
  });
});

test("a ramp that is stopped half-way leaves a chain that says how far it came", async () => {
  let limitMHz = 525;
  const { clock, chain: starting } = startBringUp({
    ...s19jProOptions,
    frequencyLimitMHz: () => limitMHz,
    onPhase: (phase) => {
      if (phase === "ramping") limitMHz = 400;
    },
  });
  await clock.advance(60_000);
  const chain = await starting;
  expect(chain.frequencyMHz).toBe(400);
  expect(chain.nominalHps).toBe(400e6 * 514 * 126);
  expect(chain.epochMs(16)).toBeCloseTo((1636 * 525) / 400, -1);
});
