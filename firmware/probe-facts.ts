/** Everything that can be read off a machine without power: its facts, and what its hashboards' memories say. */
import type { EepromFact, ProbedFacts } from "../boards/expected-facts.ts";
import { machines } from "../boards/machines.ts";
import { readBoardIdentity } from "../drivers/eeprom/read-board-identity.ts";
import { OwnedI2cBus } from "../drivers/i2c/owned-bus.ts";
import type { MachinePlatform } from "../src/ports/machine-platform.ts";

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
      const identity = await readBoardIdentity(bus, address).catch(() => null);
      eeproms.push({ bus: path, address, identity });
    }
  }
  return { ...facts, eeproms };
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
