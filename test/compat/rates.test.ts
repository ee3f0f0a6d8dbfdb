/** Rates as other people's clients read them: true to the model, and with digits enough at any scale. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bm1370 } from "../../drivers/bm13xx/chips.ts";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import { requiredZeroBitsAt } from "../../simulator/hashing/scale.ts";
import type { OperatorDevice } from "../../src/api/operator-device.ts";
import type { Persona, Rates, Status } from "../../src/api/status.ts";
import { cgiReaders } from "../../src/compat/antminer/cgi.ts";
import { idealHps } from "../../src/compat/antminer/machine-figures.ts";
import { systemInfo } from "../../src/compat/axeos/info.ts";
import { statistics } from "../../src/compat/axeos/statistics.ts";
import { answerRequest } from "../../src/compat/cgminer/answer.ts";
import { ZeroMark } from "../../src/compat/cgminer/zero.ts";
import { toJson } from "../../src/compat/numerals.ts";
import type { MachineSnapshot } from "../../src/telemetry/machine-snapshot.ts";
import { recordedMachine, sampleFacts } from "../support/operated-device.ts";
import { virtualMachine } from "../support/virtual-machine.ts";
import { machineWithSettings } from "./machine-with-settings.ts";

const clock = new SystemClock();
const WHEN = 1_750_000_000;
const personas = ["antminer", "axeos", "none"] as const;
const COMMANDS = ["summary", "devs", "stats", "lcd", "asc"];

/** Everything on 4028 that tells a rate, in both forms, and all of CGI and AxeOS. */
async function everyAnswer(device: OperatorDevice): Promise<readonly string[]> {
  const parts = { device, zero: new ZeroMark(), unixSeconds: WHEN };
  const ask = (command: string, form: "json" | "text", newApi = false) => {
    const parameter = command === "asc" ? "0" : undefined;
    const request = { form, commands: [command], isJoined: false, parameter, newApi } as const;
    return answerRequest(request, { address: "127.0.0.1", access: "read" }, parts);
  };
  const status = device.status();
  return [
    ...(await Promise.all(COMMANDS.flatMap((one) => [ask(one, "json"), ask(one, "text")]))),
    await ask("stats", "json", true),
    ...Object.values(cgiReaders).map((read) => toJson(read(status, WHEN))),
    toJson(systemInfo(status)),
    toJson(await statistics(device, undefined)),
  ];
}

const RATE_KEY = /^([MG]HS |rate_|chain_rate|total_rateideal$|total rate$|hashRate|expectedHash)/;

/** `"GHS 5s":0.0026`, `"chain_rate1":"0.0026"`, and `GHS 5s=0.0026` in text. */
function ratesIn(text: string): readonly { readonly key: string; readonly digits: string }[] {
  return [...text.matchAll(/"?([\w ]+)"?[:=]"?(-?\d[^",|}\]]*)/g)].flatMap(
    ([, key = "", digits = ""]) => (RATE_KEY.test(key) ? [{ key, digits }] : []),
  );
}

function countingDigits(digits: string): number {
  return digits.replace(".", "").replace(/^0+/, "").length;
}

const perSecondOf = (key: string) => (key.startsWith("MHS") ? 1e6 : 1e9);

/** The recorded machine at another scale, each rate a little different from the others. */
function atScale(scale: number, factor: number): MachineSnapshot {
  const machine = recordedMachine();
  const { miner } = machine;
  if (miner === null) throw new Error("the recording has no miner");
  const by = (miner.scale / scale) * factor;
  const scaled = (rates: Rates, i: number): Rates => ({
    s5: rates.s5 * by * (1 + i / 37),
    m1: rates.m1 * by * (1 + i / 41),
    m5: rates.m5 * by * (1 + i / 43),
    m15: rates.m15 * by * (1 + i / 47),
    h24: rates.h24 * by * (1 + i / 53),
  });
  return {
    ...machine,
    miner: {
      ...miner,
      scale,
      chains: miner.chains.map((chain, i) => ({
        ...chain,
        nominalHps: chain.nominalHps * by,
        hashrateWindowsHps: scaled(chain.hashrateWindowsHps, i + 1),
      })),
      total: {
        ...miner.total,
        nominalHps: miner.total.nominalHps * by,
        hashrateWindowsHps: scaled(miner.total.hashrateWindowsHps, 0),
      },
    },
  };
}

function truthsOf(status: Status): readonly number[] {
  const { hashrate, boards } = status;
  return [
    hashrate.nominalHps,
    hashrate.expectedHps,
    ...Object.values(hashrate.hashrateHps),
    ...boards.flatMap((board) => [
      board.expectedHps,
      idealHps(board, status),
      ...Object.values(board.hashrateHps),
    ]),
  ];
}

async function wrongRates(persona: Persona, scale: number, factor: number) {
  await using machine = await machineWithSettings({
    clock,
    config: { compat: { persona } },
    machine: atScale(scale, factor),
  });
  const truths = truthsOf(machine.device.status());
  const found = (await everyAnswer(machine.device)).flatMap(ratesIn);
  const isTrue = (hps: number) =>
    truths.some((truth) => Math.abs(hps - truth) <= 1e-4 * Math.abs(truth));
  return {
    count: found.length,
    wrong: found.filter(
      ({ key, digits }) =>
        !/^\d+\.\d+$/.test(digits) ||
        countingDigits(digits) < 4 ||
        !isTrue(Number(digits) * perSecondOf(key)),
    ),
  };
}

describe("at any scale from 1 to 2^40, each rate has four digits that count and is one of the status's", () => {
  test.each(personas)("persona %s", async (persona) => {
    for (let power = 0; power <= 40; power += 8)
      expect(await wrongRates(persona, 2 ** power, 1)).toMatchObject({ wrong: [] });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 40 }),
        fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
        async (power, factor) => {
          const { count, wrong } = await wrongRates(persona, 2 ** power, factor);
          expect(wrong).toEqual([]);
          expect(count).toBeGreaterThan(40);
        },
      ),
      { numRuns: 40 },
    );
  });
});

test("after 15 minutes of virtual time the 15-minute rate lies within 3 sigma of the model, in every dialect", async () => {
  const [scale, ticketDifficulty] = [2 ** 28, 4];
  const simulated = virtualMachine({
    chip: bm1370,
    chips: 2,
    frequencyMHz: 100,
    scale,
    ticketDifficulty,
  });
  simulated.listen();
  await Promise.all([simulated.miner.start(), simulated.run(5_000)]);
  await simulated.run(910_000);
  const miner = simulated.miner.snapshot();
  await Promise.all([simulated.miner.stop(), simulated.run(5_000)]);
  simulated.pool.stop();

  const [chain] = miner.chains;
  if (chain === undefined) throw new Error("there is no chain");
  await using machine = await machineWithSettings({
    clock,
    config: { compat: { persona: "antminer" } },
    facts: {
      boards: sampleFacts.boards.slice(0, 1).map((board) => ({ ...board, chipCount: 2 })),
    },
    machine: { ...recordedMachine(), boards: recordedMachine().boards.slice(0, 1), miner },
  });
  // A nonce stands for so many hashes; that they come by chance makes their number uncertain by its root.
  const hashesPerNonce = ticketDifficulty * 2 ** requiredZeroBitsAt(scale);
  const nonces = (chain.nominalHps * 900) / hashesPerNonce;
  const threeSigma = 3 / Math.sqrt(nonces);
  expect(threeSigma).toBeLessThan(0.025);

  const status = machine.device.status();
  const texts = await everyAnswer(machine.device);
  const told = texts
    .flatMap(ratesIn)
    .filter(({ key }) => ["MHS 15m", "GHS 30m", "rate_30m"].includes(key))
    .map(({ key, digits }) => Number(digits) * perSecondOf(key));
  expect(told.length).toBeGreaterThan(5);
  for (const hps of [status.hashrate.hashrateHps.m15, ...told])
    expect(Math.abs(hps / chain.nominalHps - 1)).toBeLessThan(threeSigma);
}, 120_000);
