/** Every fault by the name that a script has for it, with its keys. */
import type { ChainFault } from "../chain/faults.ts";
import * as chain from "../chain/faults.ts";
import type { PlantFault, ProcessFaultName } from "./faults.ts";
import * as plant from "./faults.ts";

export type KeyType = "text" | "index" | "chip-or-all" | "number" | "probability" | "hex";

export interface FaultKey {
  readonly type: KeyType;
  /** May be left out; then this, or nothing. */
  readonly optional?: true | number;
}

/** Values by key, checked against their types. */
export interface FaultValues {
  text(key: string): string;
  number(key: string): number;
  optionalNumber(key: string): number | undefined;
  chip(key: string): number | "all";
}

export interface FaultKind {
  readonly does: string;
  readonly keys: Readonly<Record<string, FaultKey>>;
  readonly make: (values: FaultValues) => PlantFault;
}

const SENSOR = { sensor: { type: "text" } } as const;
const FAN = { fan: { type: "text" }, tach: { type: "index", optional: true } } as const;
const CHAIN = { chain: { type: "index" } } as const;
const CHIP = { ...CHAIN, chip: { type: "index" } } as const;
const PROBABILITY = { ...CHAIN, probability: { type: "probability" } } as const;

const ofPlant: Readonly<Record<string, FaultKind>> = {
  "sensor-lost": {
    does: "the sensor does not answer",
    keys: SENSOR,
    make: (of) => plant.sensorLost(of.text("sensor")),
  },
  "sensor-stuck": {
    does: "the sensor goes on showing what it showed",
    keys: SENSOR,
    make: (of) => plant.sensorStuck(of.text("sensor")),
  },
  "sensor-noisy": {
    does: "the sensor shows the truth plus or minus so much",
    keys: { ...SENSOR, plusMinusC: { type: "number", optional: 10 } },
    make: (of) => plant.sensorNoisy(of.text("sensor"), of.number("plusMinusC")),
  },
  "sensor-absurd": {
    does: "the sensor shows this",
    keys: { ...SENSOR, valueC: { type: "number", optional: 127 } },
    make: (of) => plant.sensorAbsurd(of.text("sensor"), of.number("valueC")),
  },
  "fan-stalled": {
    does: "the fan at that tachometer, or all of the group, stands still",
    keys: FAN,
    make: (of) => plant.fanStalled(of.text("fan"), of.optionalNumber("tach")),
  },
  "tach-lost": {
    does: "the fan turns and its tachometer tells nothing",
    keys: FAN,
    make: (of) => plant.tachLost(of.text("fan"), of.optionalNumber("tach")),
  },
  "psu-silent": {
    does: "the supply answers nobody, its output stays",
    keys: {},
    make: () => plant.psuSilent,
  },
  "psu-wrong-type": {
    does: "the supply calls itself something else",
    keys: { type: { type: "hex", optional: 0x99 } },
    make: (of) => plant.psuWrongType(of.number("type")),
  },
  "psu-brown-out": {
    does: "the supply gives this share of its voltage",
    keys: { share: { type: "probability", optional: 0.5 } },
    make: (of) => plant.psuBrownOut(of.number("share")),
  },
  "psu-over-power": {
    does: "the supply switches itself off above this load",
    keys: { limitW: { type: "number" } },
    make: (of) => plant.psuOverPower(of.number("limitW")),
  },
  "pic-deaf": {
    does: "the board's microcontroller hears nothing",
    keys: CHAIN,
    make: (of) => plant.picDeaf(of.number("chain")),
  },
  "i2c-hung": {
    does: "no transfer on that bus settles",
    keys: { bus: { type: "text" } },
    make: (of) => plant.i2cHung(of.text("bus")),
  },
  "eeprom-garbage": {
    does: "the board's memory reads as noise",
    keys: CHAIN,
    make: (of) => plant.eepromGarbage(of.number("chain")),
  },
  "chip-hot": {
    does: "one die is hotter than the others by so much at full power",
    keys: { ...CHIP, offsetC: { type: "number", optional: 20 } },
    make: (of) => plant.chipHot(of.number("chain"), of.number("chip"), of.number("offsetC")),
  },
  ambient: {
    does: "the air that comes in has this temperature",
    keys: { temperatureC: { type: "number" } },
    make: (of) => plant.ambient(of.number("temperatureC")),
  },
  "board-unplugged": {
    does: "the board is not there",
    keys: CHAIN,
    make: (of) => plant.boardUnplugged(of.number("chain")),
  },
};

type ChainKind = Pick<FaultKind, "does" | "keys"> & {
  /** Where the name alone would not say that it is about a chain. */
  readonly name: string;
  readonly make: (values: FaultValues) => ChainFault;
};

/** All of the chain's: a new one there does not compile until it has a name here. */
const ofChain: Readonly<Record<ChainFault["fault"], ChainKind>> = {
  "missing-chip": {
    name: "chain-cut",
    does: "neither that chip nor any beyond hears or answers",
    keys: CHIP,
    make: (of) => chain.missingChip(of.number("chip")),
  },
  "dead-but-forwarding": {
    name: "chip-dead",
    does: "that chip does nothing, those beyond are fine",
    keys: CHIP,
    make: (of) => chain.deadButForwarding(of.number("chip")),
  },
  "wrong-chip-id": {
    name: "wrong-chip-id",
    does: "that chip names another family",
    keys: CHIP,
    make: (of) => chain.wrongChipId(of.number("chip")),
  },
  "stuck-chip": {
    name: "chip-stuck",
    does: "that chip repeats its last nonce",
    keys: CHIP,
    make: (of) => chain.stuckChip(of.number("chip")),
  },
  "stuck-old-job": {
    name: "chip-stuck-old-job",
    does: "that chip takes no new job",
    keys: CHIP,
    make: (of) => chain.stuckOldJob(of.number("chip")),
  },
  "bit-errors": {
    name: "bit-errors",
    does: "every bit on the line is wrong with this probability",
    keys: PROBABILITY,
    make: (of) => chain.bitErrorRate(of.number("probability")),
  },
  "cut-frames": {
    name: "cut-frames",
    does: "an answer ends early with this probability",
    keys: PROBABILITY,
    make: (of) => chain.cutFrames(of.number("probability")),
  },
  noise: {
    name: "line-noise",
    does: "noise comes before an answer with this probability",
    keys: PROBABILITY,
    make: (of) => chain.noise(of.number("probability")),
  },
  "duplicate-nonces": {
    name: "duplicate-nonces",
    does: "a nonce is reported twice with this probability",
    keys: PROBABILITY,
    make: (of) => chain.duplicateNonces(of.number("probability")),
  },
  "hardware-errors": {
    name: "hash-errors",
    does: "a reported nonce is wrong with this probability",
    keys: PROBABILITY,
    make: (of) => chain.hardwareErrors(of.number("probability")),
  },
  "wrong-job": {
    name: "wrong-job",
    does: "a nonce names the job before with this probability",
    keys: PROBABILITY,
    make: (of) => chain.wrongJob(of.number("probability")),
  },
  "wrong-version": {
    name: "wrong-version",
    does: "a nonce's version is wrong with this probability",
    keys: PROBABILITY,
    make: (of) => chain.wrongVersion(of.number("probability")),
  },
  overclocked: {
    name: "overclocked",
    does: "hash errors rise with every MHz above the limit",
    keys: {
      ...CHAIN,
      chip: { type: "chip-or-all" },
      limitMHz: { type: "number" },
      errorsPerMHz: { type: "number", optional: 0.01 },
    },
    make: (of) =>
      chain.overclocked({
        chip: of.chip("chip"),
        limitMHz: of.number("limitMHz"),
        errorsPerMHz: of.number("errorsPerMHz"),
      }),
  },
  "garbage-at-baud-switch": {
    name: "garbage-at-baud-switch",
    does: "garbage arrives whenever the chips change their rate",
    keys: CHAIN,
    make: () => chain.garbageAtBaudSwitch,
  },
  "board-reset": {
    name: "board-reset",
    does: "the chips fall back to their first state, once",
    keys: CHAIN,
    make: () => chain.boardReset(),
  },
  silent: {
    name: "chain-silent",
    does: "no answer leaves the chain",
    keys: CHAIN,
    make: () => chain.silent,
  },
};

const ofPrograms: Readonly<Record<ProcessFaultName, Pick<FaultKind, "does" | "keys">>> = {
  "miner-blocked": {
    does: "the miner's event loop is busy",
    keys: { seconds: { type: "number", optional: true } },
  },
  "miner-stopped": {
    does: "the miner gets SIGSTOP",
    keys: { seconds: { type: "number", optional: true } },
  },
  "miner-killed": { does: "the miner gets SIGKILL", keys: {} },
  "guard-killed": { does: "the guard gets SIGKILL", keys: {} },
  "disk-full": { does: "nothing can be written", keys: {} },
  "clock-stepped": {
    does: "the wall clock steps by so many seconds",
    keys: { seconds: { type: "number" } },
  },
};

export const faultKinds: ReadonlyMap<string, FaultKind> = new Map<string, FaultKind>([
  ...Object.entries(ofPlant),
  ...Object.values(ofChain).map(({ name, does, keys, make }): [string, FaultKind] => [
    name,
    { does, keys, make: (of) => plant.onChain(of.number("chain"), make(of)) },
  ]),
  ...Object.entries(ofPrograms).map(([name, { does, keys }]): [string, FaultKind] => [
    name,
    {
      does,
      keys,
      make: (of) => plant.ofProcess(name as ProcessFaultName, of.optionalNumber("seconds")),
    },
  ]),
]);
