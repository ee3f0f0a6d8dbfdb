/**
 * The TPS546D24A regulator of newer Bitaxe boards, PMBus at 0x24 [D]: what each kind of board tells it, and how it is
 * switched. Its output is on only while OPERATION is 80 [D].
 */
import { toHex } from "../../src/lib/bytes.ts";
import type { SharedI2cBus, Urgency } from "../../src/ports/i2c-bus.ts";
import type {
  BoardSupply,
  BoardSupplyDriver,
  PeripheralClock,
  SupplyReadings,
} from "../../src/ports/peripherals.ts";
import { I2cPart, type Registers } from "../sensors/i2c-part.ts";
import { type PmbusCommand, pmbusBytes, readPmbus, ulinear16Exponent } from "./pmbus.ts";
import { CLEAR_FAULTS, pmbusCommands as pmbus } from "./pmbus-commands.ts";

/**
 * What differs between boards; all [D], ESP-Miner. VOUT_MAX is the regulator's, not the chip's: a board declares a lower one.
 */
export interface Tps546Board {
  readonly vinOnV: number;
  readonly vinOffV: number;
  /** Null where our evidence has no number: the part's own default stays. */
  readonly vinOvFaultV: number | null;
  readonly voutScaleLoop: number;
  /** What it would give if it were switched on without another word. */
  readonly voutCommandV: number;
  readonly voutMinV: number;
  readonly voutMaxV: number;
  readonly ioutOcWarnA: number;
  readonly ioutOcFaultA: number;
  readonly stack: number;
  readonly sync: number;
  readonly phase: number;
  readonly compensation: readonly number[] | null;
}

/** One chip on 5 V: Gamma, and the Supra and Ultra that have this part. */
export const tps546SingleBoard: Tps546Board = {
  vinOnV: 4.8,
  vinOffV: 4.5,
  vinOvFaultV: 6.5,
  voutScaleLoop: 0.25,
  voutCommandV: 1.2,
  voutMinV: 1,
  voutMaxV: 2,
  ioutOcWarnA: 25,
  ioutOcFaultA: 30,
  stack: 0x0000,
  sync: 0x10,
  phase: 0x00,
  compensation: null,
};

/** Hex and SupraHex: six chips, three domains in a row, so that it gives three core voltages; 12 V. */
export const tps546HexBoard: Tps546Board = {
  ...tps546SingleBoard,
  vinOnV: 11.5,
  vinOffV: 11,
  vinOvFaultV: null, // 6.5 V cannot be meant
  voutScaleLoop: 0.125,
  voutCommandV: 3.6,
  voutMinV: 2.5,
  voutMaxV: 4.5,
};

/** GammaTurbo: two chips in parallel, two of these parts as one, 12 V. */
export const tps546TurboBoard: Tps546Board = {
  ...tps546SingleBoard,
  vinOnV: 11,
  vinOffV: 10.5,
  vinOvFaultV: null, // 6.5 V cannot be meant
  voutMinV: 1,
  voutMaxV: 3,
  ioutOcWarnA: 50,
  ioutOcFaultA: 55,
  stack: 0x0001,
  sync: 0xd0,
  phase: 0xff,
  compensation: [0x12, 0x34, 0x42, 0x21, 0x04],
};

export const tps546Single: BoardSupplyDriver = supplyDriver(tps546SingleBoard);
export const tps546Hex: BoardSupplyDriver = supplyDriver(tps546HexBoard);
export const tps546Turbo: BoardSupplyDriver = supplyDriver(tps546TurboBoard);

type Setting = readonly [PmbusCommand, number | readonly number[]];

/** All that the part is told while its output is off, in ESP-Miner's order [D]. Limits of VOUT are shares of VOUT_COMMAND. */
export function tps546Settings(board: Tps546Board): readonly Setting[] {
  return [
    [pmbus.onOffConfig, 0x1f], // OPERATION and the pin
    [pmbus.onOffConfig, 0x1b], // OPERATION alone
    [pmbus.stackConfig, board.stack],
    [pmbus.syncConfig, board.sync],
    [pmbus.phase, board.phase],
    ...(board.compensation === null
      ? []
      : [[pmbus.compensationConfig, board.compensation] satisfies Setting]),
    [pmbus.frequencySwitch, 650], // kHz
    [pmbus.vinOn, board.vinOnV],
    [pmbus.vinOff, board.vinOffV],
    // VIN_UV_WARN_LIMIT is not written: 0 there is an erratum of the part [D].
    ...(board.vinOvFaultV === null
      ? []
      : [[pmbus.vinOvFaultLimit, board.vinOvFaultV] satisfies Setting]),
    [pmbus.vinOvFaultResponse, 0xb7],
    [pmbus.voutScaleLoop, board.voutScaleLoop],
    [pmbus.voutCommand, board.voutCommandV],
    [pmbus.voutMax, board.voutMaxV],
    [pmbus.voutMin, board.voutMinV],
    [pmbus.voutOvFaultLimit, 1.25],
    [pmbus.voutOvWarnLimit, 1.16],
    [pmbus.voutMarginHigh, 1.1],
    [pmbus.voutMarginLow, 0.9],
    [pmbus.voutUvWarnLimit, 0.9],
    [pmbus.voutUvFaultLimit, 0.75],
    [pmbus.ioutOcWarnLimit, board.ioutOcWarnA],
    [pmbus.ioutOcFaultLimit, board.ioutOcFaultA],
    [pmbus.ioutOcFaultResponse, 0xc0],
    [pmbus.otWarnLimit, 105], // °C
    [pmbus.otFaultLimit, 145], // °C
    [pmbus.otFaultResponse, 0xff],
    [pmbus.tonRise, 3], // ms
    [pmbus.pinDetectOverride, 0xffff],
  ];
}

/** Bits of STATUS_WORD that ESP-Miner looks at [D]. OFF is a fault only while the part is told to be on. */
const STATUS_OFF = 0x0040;
const STATUS_FAULTS: readonly (readonly [mask: number, name: string])[] = [
  [0x0020, "VOUT_OV"],
  [0x0010, "IOUT_OC"],
  [0x0008, "VIN_UV"],
  [0x0004, "TEMPERATURE"],
];

export function tps546Faults(statusWord: number, operation: number): readonly string[] {
  const isToldOn = (operation & OPERATION_ON) !== 0;
  const faults = STATUS_FAULTS.filter(([mask]) => (statusWord & mask) !== 0).map(
    ([, name]) => name,
  );
  return isToldOn && (statusWord & STATUS_OFF) !== 0 ? ["OFF", ...faults] : faults;
}

const OPERATION_OFF = 0x00; // [D]
const OPERATION_ON = 0x80; // [D]
const DEVICE_IDS = ["5449546d2441", "5449546d2462"]; // "TI" and the part, two endings [D]
/** An output that is told to stop falls in about half a millisecond (datasheet's default [?]); this is ample. */
const OFF_WITHIN_MS = 5;

function supplyDriver(board: Tps546Board): BoardSupplyDriver {
  return {
    part: "TPS546",
    open: (bus, address, clock) => new Tps546(board, bus, address, clock),
  };
}

class Tps546 implements BoardSupply {
  readonly #board: Tps546Board;
  readonly #part: I2cPart;
  readonly #clock: PeripheralClock;

  constructor(board: Tps546Board, bus: SharedI2cBus, address: number, clock: PeripheralClock) {
    this.#board = board;
    this.#part = new I2cPart(bus, "TPS546", address);
    this.#clock = clock;
  }

  prepare(): Promise<void> {
    return this.#part.converse("prepare", async (registers) => {
      await identify(registers);
      await registers.write(pmbus.operation.code, OPERATION_OFF);
      const exponent = await readExponent(registers);
      for (const [command, value] of tps546Settings(this.#board)) {
        const bytes =
          typeof value === "number"
            ? pmbusBytes(command, value, exponent)
            : [value.length, ...value];
        await registers.write(command.code, ...bytes);
      }
      await registers.write(CLEAR_FAULTS);
      await this.#confirmOff(registers);
    });
  }

  /** Rejects with RangeError outside the board's VOUT_MIN to VOUT_MAX, with "refused" when the part forgot its settings. */
  async turnOn(voltageV: number): Promise<void> {
    const { voutMinV, voutMaxV } = this.#board;
    if (!(voltageV >= voutMinV && voltageV <= voutMaxV))
      throw new RangeError(`TPS546: ${voltageV} V; allowed: ${voutMinV} to ${voutMaxV} V`);
    await this.#part.converse("turn on", async (registers) => {
      const exponent = await readExponent(registers);
      // A part that lost its power has other limits and another feedback ratio: never switch that on.
      const foundMaxV = await readPmbus(registers, pmbus.voutMax, exponent);
      if (foundMaxV !== voutMaxV)
        throw registers.failure("refused", `VOUT_MAX is ${foundMaxV} V, not ${voutMaxV}: prepare`);
      const voltage = pmbusBytes(pmbus.voutCommand, voltageV, exponent);
      await registers.writeChecked(pmbus.voutCommand.code, ...voltage);
      await registers.writeChecked(pmbus.operation.code, OPERATION_ON);
    });
  }

  turnOff(urgency: Urgency): Promise<void> {
    return this.#part.converse(
      "turn off",
      async (registers) => {
        await registers.write(pmbus.operation.code, OPERATION_OFF);
        await this.#confirmOff(registers);
      },
      urgency,
    );
  }

  /** `powerW` is that of the output, calculated. */
  read(): Promise<SupplyReadings> {
    return this.#part.converse("read", async (registers) => {
      const exponent = await readExponent(registers);
      const operation = await readPmbus(registers, pmbus.operation);
      const statusWord = await readPmbus(registers, pmbus.statusWord);
      const inputV = await readPmbus(registers, pmbus.readVin);
      const outputV = await readPmbus(registers, pmbus.readVout, exponent);
      const currentA = await readPmbus(registers, pmbus.readIout);
      const temperatureC = await readPmbus(registers, pmbus.readTemperature1);
      const faults = tps546Faults(statusWord, operation);
      return { inputV, outputV, currentA, powerW: outputV * currentA, temperatureC, faults };
    });
  }

  /** Both what it was told and what it does: a part that was reset may not listen to OPERATION at all. */
  async #confirmOff(registers: Registers): Promise<void> {
    const operation = await readPmbus(registers, pmbus.operation);
    if (operation !== OPERATION_OFF)
      throw registers.failure("refused", `OPERATION reads 0x${operation.toString(16)}`);
    if (await isOff(registers)) return;
    await this.#clock.sleep(OFF_WITHIN_MS);
    if (!(await isOff(registers))) throw registers.failure("refused", "the output stays on");
  }
}

async function identify(registers: Registers): Promise<void> {
  const [length = 0, ...id] = await registers.read(pmbus.icDeviceId.code, 7);
  const found = toHex(Uint8Array.from(id));
  if (length !== id.length || !DEVICE_IDS.includes(found))
    throw registers.failure("wrong-id", `IC_DEVICE_ID ${length}: ${found}`);
}

async function isOff(registers: Registers): Promise<boolean> {
  return ((await readPmbus(registers, pmbus.statusWord)) & STATUS_OFF) !== 0;
}

async function readExponent(registers: Registers): Promise<number> {
  const mode = await readPmbus(registers, pmbus.voutMode);
  const exponent = ulinear16Exponent(mode);
  if (exponent !== null) return exponent;
  throw registers.failure("refused", `VOUT_MODE 0x${mode.toString(16)} is not linear`);
}
