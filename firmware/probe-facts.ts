/** Everything that can be read off a machine without power: its facts, and what its hashboards' memories say. */
import type { EepromFact, ProbedFacts } from "../boards/expected-facts.ts";
import { machines } from "../boards/machines.ts";
import { readBoardIdentity } from "../drivers/eeprom/read-board-identity.ts";
import { OwnedI2cBus } from "../drivers/i2c/owned-bus.ts";
import { DeviceError } from "../src/lib/errors.ts";
import type { SharedI2cBus } from "../src/ports/i2c-bus.ts";
import type { MachinePlatform } from "../src/ports/machine-platform.ts";
import type { BoardIdentity } from "../src/ports/peripherals.ts";

/** Memories are looked for only where a declared control board of this device tree has them. */
export async function probeFacts(platform: MachinePlatform): Promise<ProbedFacts> {
  const facts = await platform.readFacts();
  const eeproms: EepromFact[] = [];
  for (const [path, addresses] of memoriesOf(facts.deviceTree.compatible)) {
    if (!facts.i2cBuses.includes(path)) continue;
    const raw = await platform.openI2c(path).catch(() => undefined);
    if (raw === undefined) continue;
    await using bus = new OwnedI2cBus(raw, platform.clock);
    for (const address of addresses) {
      const identity = await readMemory(bus, address);
      eeproms.push({ bus: path, address, identity });
    }
  }
  return { ...facts, eeproms };
}

/** A processor that is busy starting is late now and then; a memory that is not there says so at once. */
const ATTEMPTS = 3;

async function readMemory(bus: SharedI2cBus, address: number): Promise<BoardIdentity | null> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readBoardIdentity(bus, address);
    } catch (error) {
      const isLate = error instanceof DeviceError && error.code === "timeout";
      if (!isLate || attempt === ATTEMPTS) return null;
    }
  }
}

/** Addresses by bus, of all machines with such a control board. */
function memoriesOf(compatible: readonly string[]): ReadonlyMap<string, ReadonlySet<number>> {
  const found = new Map<string, Set<number>>();
  for (const { controlBoard, chains } of machines) {
    if (!controlBoard.compatible.some((name) => compatible.includes(name))) continue;
    for (const { eeprom } of chains) {
      if (eeprom?.bus.via !== "i2c") continue;
      const { path } = eeprom.bus;
      found.set(path, (found.get(path) ?? new Set()).add(eeprom.address));
    }
  }
  return found;
}
