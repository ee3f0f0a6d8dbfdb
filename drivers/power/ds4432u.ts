/**
 * DS4432U at 0x48 [D]: a current into or out of a regulator's feedback moves its voltage. It switches nothing: what turns
 * the board on and off is a line (emberOne [D]), or nothing that our evidence names (older Bitaxe).
 */
import type { PowerSupply, PowerSupplyDriver } from "../../src/ports/peripherals.ts";
import { I2cPart } from "../sensors/i2c-part.ts";

/** The regulator around the part. */
export interface Ds4432uBoard {
  readonly name: string;
  /** The voltage that the regulator holds at its feedback. */
  readonly feedbackV: number;
  readonly upperOhm: number;
  readonly lowerOhm: number;
  readonly fullScaleA: number;
  readonly minV: number;
  readonly maxV: number;
}

/** Max and the older Ultra. The clamp is what the reference's examples span (1.0 to 1.4 V), not what the part could do. */
export const bitaxeDs4432u: Ds4432uBoard = {
  name: "Bitaxe",
  feedbackV: 0.6, // [D]
  upperOhm: 4750, // [D]
  lowerOhm: 3320, // [D]
  fullScaleA: 98.921e-6, // [D]
  minV: 1,
  maxV: 1.4,
};

/** emberOne00. Resistors and clamp [D]; the clamp is what these can reach if the feedback is 0.8 V, which is inferred [?]. */
export const emberOneDs4432u: Ds4432uBoard = {
  name: "emberOne",
  feedbackV: 0.8,
  upperOhm: 3570,
  lowerOhm: 1020,
  fullScaleA: fullScaleFor(39_000),
  minV: 2.875,
  maxV: 4.324,
};

export const ds4432uBitaxe: PowerSupplyDriver = supplyDriver(bitaxeDs4432u);
export const ds4432uEmberOne: PowerSupplyDriver = supplyDriver(emberOneDs4432u);

const OUTPUT_0 = 0xf8; // [D]
const STEPS = 127; // [D]
/** So that the voltage of a code gives that code again. */
const ROUNDING_STEPS = 1e-9;
const LOWERS_VOLTAGE = 0x80; // [D]

/**
 * The code that gives `voltageV`, or the next one that gives less. Throws RangeError outside the board's clamp. ESP-Miner
 * rounds away from the resting voltage [D]: the same below it, where all our examples lie, and up to a step more above.
 */
export function ds4432uCode(board: Ds4432uBoard, voltageV: number): number {
  if (!(voltageV >= board.minV && voltageV <= board.maxV))
    throw new RangeError(
      `DS4432U ${board.name}: ${voltageV} V; allowed: ${board.minV} to ${board.maxV} V`,
    );
  const steps = Math.ceil((restingV(board) - voltageV) / voltsPerStep(board) - ROUNDING_STEPS);
  // The clamp's ends may lie a fraction of a step outside of what the part reaches.
  const magnitude = Math.min(STEPS, Math.abs(steps));
  return steps >= 0 ? magnitude | LOWERS_VOLTAGE : magnitude;
}

/** Volts that a code gives. */
export function ds4432uVoltage(board: Ds4432uBoard, code: number): number {
  const steps = code & STEPS;
  const changeV = steps * voltsPerStep(board);
  return restingV(board) + ((code & LOWERS_VOLTAGE) !== 0 ? -changeV : changeV);
}

function supplyDriver(board: Ds4432uBoard): PowerSupplyDriver {
  return {
    part: "DS4432U",
    open(bus, address): PowerSupply {
      const part = new I2cPart(bus, "DS4432U", address);
      return {
        /** It has no id: all that is found out is that something answers. */
        identify: () =>
          part.converse("identify", async (registers) => {
            await registers.readByte(OUTPUT_0);
            return { type: `DS4432U ${board.name}`, minV: board.minV, maxV: board.maxV };
          }),
        setVoltage: (voltageV) =>
          part.converse("set voltage", (registers) =>
            registers.writeChecked(OUTPUT_0, ds4432uCode(board, voltageV)),
          ),
        /** What it asks of the regulator; nobody measures it here. */
        readVoltage: () =>
          part.converse("read voltage", async (registers) =>
            ds4432uVoltage(board, await registers.readByte(OUTPUT_0)),
          ),
      };
    },
  };
}

/** Without any current, as after a power-on. */
function restingV({ feedbackV, upperOhm, lowerOhm }: Ds4432uBoard): number {
  return feedbackV * (1 + upperOhm / lowerOhm);
}

function voltsPerStep({ fullScaleA, upperOhm }: Ds4432uBoard): number {
  return (fullScaleA * upperOhm) / STEPS;
}

/** The part's formula from memory [?]; gives Bitaxe's 98.921 µA for 80 kΩ, and emberOne's clamp for its 39 kΩ. */
function fullScaleFor(resistorOhm: number): number {
  return (0.997 * 127) / (16 * resistorOhm);
}
