/** Faults of chips and of the line to them: every one of the protocol notes' list (section 5.3), and some more. */
import type { ChainFault } from "../../../simulator/chain/faults.ts";
import * as chain from "../../../simulator/chain/faults.ts";
import { onChain } from "../../../simulator/plant/faults.ts";
import { cells, type Expected, everywhere, type FaultRow, plantFaults } from "./fault-row.ts";

const onFirst = (what: () => ChainFault) => plantFaults(() => [onChain(0, what())]);

const goesOn = (note?: string): Expected => ({
  ...{ outcome: "nothing", chains: [0], limitS: 30, rules: [] },
  ...(note === undefined ? {} : { note }),
});

/** Twenty nonces that did not come, at least 10 s; one chip gives about one in a second. */
const SILENT_S = { chain: 15, chip: 30 };
const restart = (limitS: number, more: Partial<Expected> = {}): Expected => ({
  ...{ outcome: "restart", chains: [0], limitS, rules: ["silent-chain"], againWithinS: 90 },
  ...more,
});

const wholeChain = (more: Partial<Expected> = {}) =>
  cells(restart(SILENT_S.chain, more), restart(SILENT_S.chain, more), restart(SILENT_S.chip, more));

/** Of 64 wrong nonces one is good by chance; at the cheapest scale all would be. */
const STRICT = 2 ** 34;

/** A chip is judged by a hundred of its nonces. */
const slowed = (limitS: number): Expected => ({
  ...{ outcome: "slower", chains: [0], limitS, rules: ["hardware-errors"] },
  note: "those chips only, when a hundred nonces of each have been seen",
});

/** Noise breaks frames; what is whole still counts. */
const lineRows: readonly FaultRow[] = [
  {
    fault: "CRC errors",
    shows: ["crcErrors", "bytesDropped"],
    inject: onFirst(() => chain.bitErrorRate(2e-3)),
    cells: everywhere(goesOn("frames that are wrong are dropped")),
  },
  {
    fault: "truncated frames",
    shows: ["bytesDropped"],
    inject: onFirst(() => chain.cutFrames(0.1)),
    cells: everywhere(goesOn("the next frame is found again")),
  },
  {
    fault: "noise between frames",
    shows: ["bytesDropped"],
    inject: onFirst(() => chain.noise(0.2)),
    cells: everywhere(goesOn("the next frame is found again")),
  },
  {
    fault: "garbage at the baud switch",
    isThereFromTheStart: true,
    inject: onFirst(() => chain.garbageAtBaudSwitch),
    cells: everywhere({
      ...{ outcome: "fewer chips", chains: [0], limitS: 60, rules: [] },
      note: "all of them come up",
    }),
  },
  {
    fault: "chain silent, 20 s",
    lastsS: 20,
    inject: onFirst(() => chain.silent),
    cells: wholeChain(),
  },
  {
    fault: "hashboard resets",
    inject: onFirst(() => chain.boardReset()),
    cells: wholeChain(),
  },
];

const nonceRows: readonly FaultRow[] = [
  {
    fault: "duplicate nonces",
    shows: ["duplicate"],
    scale: STRICT,
    inject: onFirst(() => chain.duplicateNonces(0.5)),
    cells: everywhere(goesOn("sent to the pool once")),
  },
  {
    fault: "wrong version",
    shows: ["hardwareErrors"],
    scale: STRICT,
    inject: onFirst(() => chain.wrongVersion(0.3)),
    cells: everywhere(goesOn("counted as hardware errors, never sent")),
  },
  {
    fault: "wrong job",
    shows: ["hardwareErrors"],
    scale: STRICT,
    inject: onFirst(() => chain.wrongJob(0.3)),
    cells: everywhere(goesOn("counted, never sent")),
  },
  {
    fault: "flood of hardware errors",
    shows: ["hardwareErrors"],
    scale: STRICT,
    inject: onFirst(() => chain.hardwareErrors(0.5)),
    cells: everywhere(goesOn("counted, never sent")),
  },
  {
    fault: "hash errors rise with frequency",
    shows: ["hardwareErrors"],
    scale: STRICT,
    inject: plantFaults(({ chains }) => {
      const limitMHz = (chains[0]?.chain.frequencyMHz ?? 0) - 40;
      return [onChain(0, chain.overclocked({ chip: "all", limitMHz, errorsPerMHz: 0.005 }))];
    }),
    cells: cells(slowed(600), slowed(240), slowed(240)),
  },
];

const oneChip = (what: () => ChainFault, note: string) => ({
  inject: onFirst(what),
  note,
});

const dead = oneChip(() => chain.deadButForwarding(0), "the others go on");
const chipRows: readonly FaultRow[] = [
  {
    fault: "chip dead",
    inject: dead.inject,
    cells: cells(
      goesOn(dead.note),
      goesOn(dead.note),
      restart(SILENT_S.chip, { retries: true, againWithinS: 120 }),
    ),
  },
  {
    fault: "chip dead from the start",
    isThereFromTheStart: true,
    inject: onFirst(() => chain.deadButForwarding(3 % 126)),
    cells: cells(fewer(), fewer(), { na: "its one chip: see the silent chain" }),
  },
  {
    fault: "chain cut at a chip",
    inject: onFirst(() => chain.missingChip(40)),
    cells: cells(goesOn("those before it go on"), goesOn("those before it go on"), {
      na: "its one chip: see the silent chain",
    }),
  },
  {
    fault: "chain cut at a chip from the start",
    isThereFromTheStart: true,
    inject: onFirst(() => chain.missingChip(40)),
    cells: cells(fewer(), fewer(), { na: "its one chip: see the silent chain" }),
  },
  {
    fault: "chip of another family from the start",
    isThereFromTheStart: true,
    inject: onFirst(() => chain.wrongChipId(0)),
    cells: everywhere({
      ...{ outcome: "hashing off", chains: [0], limitS: 1, rules: ["bring-up-failed"] },
      toldWithinS: 60,
      ...{ retries: true, note: "the others hash" },
    }),
  },
  {
    fault: "chip stuck on a nonce",
    shows: ["duplicate"],
    scale: STRICT,
    inject: onFirst(() => chain.stuckChip(0)),
    cells: cells(
      goesOn("told from duplicates, never sent twice"),
      goesOn("told from duplicates, never sent twice"),
      restart(SILENT_S.chip),
    ),
  },
  {
    fault: "chip stuck on an old job",
    scale: STRICT,
    inject: onFirst(() => chain.stuckOldJob(0)),
    cells: cells(
      goesOn("its nonces count for no job"),
      goesOn("its nonces count for no job"),
      // Its job counts as long as its id is not given out again.
      restart(90),
    ),
  },
];

function fewer(): Expected {
  return { outcome: "fewer chips", chains: [0], limitS: 120, rules: ["chips-missing"] };
}

export const rowsChips: readonly FaultRow[] = [...lineRows, ...nonceRows, ...chipRows];
