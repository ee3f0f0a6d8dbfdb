/** Reads back what matters of what the chips were told: one that took it wrong would hash in vain, or its neighbours' nonces. */
import { DeviceError } from "../../src/lib/errors.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { type ChainPlan, commandAddressOf, does } from "./chain-plan.ts";
import type { ChainWire } from "./chain-wire.ts";
import { clockFrames, type TimedFrame } from "./clock-frames.ts";
import { writeRegister } from "./frame.ts";
import { POWER_ON_MHZ, solvePll } from "./pll.ts";
import { readAll } from "./read-all.ts";
import { type Bm13xxRegister, registers } from "./registers.ts";
import { ticketMaskRegister } from "./ticket-mask.ts";

/** ESP-Miner writes up to three times [D]. */
const REWRITES = 3;
const REWRITE_WAIT_MS = 10;
/** Bit 31 of PLL0 says "locked", whatever was written [C]. */
const ALL_BUT_LOCKED = 0x7fffffff;
const ALL_BITS = 0xffffffff;

interface Expectation {
  readonly register: Bm13xxRegister;
  readonly value: number;
  readonly mask: number;
  /** To one chip again. */
  rewrite(address: number): readonly TimedFrame[];
}

/**
 * Throws DeviceError "refused" when a chip goes on saying something else after it was told again. Chips that say nothing are
 * counted in the log: a dead one may still pass on what its neighbours say.
 */
export async function readBack(
  wire: ChainWire,
  clock: Clock,
  plan: ChainPlan,
  chipsFound: number,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  for (const expectation of expectationsOf(plan)) {
    const { name, number } = expectation.register;
    for (let rewrites = 0; ; rewrites++) {
      const values = await readAll(wire, number, chipsFound, signal);
      const silentChips = chipsFound - values.size;
      if (silentChips > 0)
        log.warn({ uart: wire.uart.path, register: name, silentChips }, "chips do not read back");
      const wrong = Array.from({ length: plan.chipCount }, (_, index) => index).filter((index) => {
        const value = values.get(index * plan.addressInterval);
        return value !== undefined && ((value ^ expectation.value) & expectation.mask) !== 0;
      });
      const [first] = wrong;
      if (first === undefined) break;
      const found = hex(values.get(first * plan.addressInterval) ?? 0);
      const fields = { uart: wire.uart.path, register: name, chips: wrong.length, first, found };
      if (rewrites === REWRITES) {
        const which =
          wrong.length === 1 ? `chip ${first}` : `${wrong.length} chips, chip ${first} first,`;
        const detail = `${which} reads ${found}, not ${hex(expectation.value)}`;
        throw new DeviceError(wire.uart.path, `write ${name}`, "refused", { detail });
      }
      log.warn(fields, "chips hold another value than was written, writing again");
      for (const index of wrong) {
        for (const { frame, thenWaitMs } of expectation.rewrite(commandAddressOf(plan, index))) {
          wire.send(frame);
          if (thenWaitMs > 0) await clock.sleep(thenWaitMs, signal);
        }
      }
      await clock.sleep(REWRITE_WAIT_MS, signal);
    }
  }
}

function expectationsOf(plan: ChainPlan): readonly Expectation[] {
  const { chip, layout, frequencyMHz } = plan;
  const plain = (register: Bm13xxRegister, value: number): Expectation => ({
    register,
    value,
    mask: ALL_BITS,
    rewrite: (address) => [
      { frame: writeRegister(address, register.number, value), thenWaitMs: 0 },
    ],
  });
  // At its power-on frequency it has its power-on word.
  const pll: Expectation = {
    register: registers.pll0,
    value: solvePll(chip.pll, frequencyMHz).register,
    mask: ALL_BUT_LOCKED,
    rewrite: (address) => clockFrames(chip, frequencyMHz, address),
  };
  const hashesAlready = layout.bringUp.some((instruction) => instruction.do === "hash-counting");
  return [
    ...(does(layout, "ticket-mask")
      ? [plain(registers.ticketMask, ticketMaskRegister(plan.ticketDifficulty))]
      : []),
    ...(frequencyMHz === POWER_ON_MHZ ? [] : [pll]),
    ...(hashesAlready ? [plain(registers.hashCountingNumber, plan.hashCountingTicks)] : []),
  ];
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
