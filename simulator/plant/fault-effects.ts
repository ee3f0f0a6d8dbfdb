/** What all faults of a plant come to at a moment, pushed into the models that they are about. */
import type { MachineModels } from "./build-machine.ts";
import type { PlantFault } from "./faults.ts";
import { levelOf } from "./line-model.ts";

type Of<Name extends PlantFault["fault"]> = PlantFault & { readonly fault: Name };

/** Of several faults of a kind the worst counts. Returns the ambient temperature, °C. */
export function applyFaults(faults: Iterable<PlantFault>, models: MachineModels): number {
  const all = [...faults];
  const of = <Name extends PlantFault["fault"]>(name: Name): readonly Of<Name>[] =>
    all.filter((fault): fault is Of<Name> => fault.fault === name);

  for (const [name, point] of models.points) {
    const mine = (fault: { readonly sensor: string }) => fault.sensor === name;
    point.setFaults({
      isLost: of("sensor-lost").some(mine),
      isStuck: of("sensor-stuck").some(mine),
      noiseC:
        largest(
          of("sensor-noisy")
            .filter(mine)
            .map(({ plusMinusC }) => plusMinusC),
        ) ?? 0,
      absurdC: of("sensor-absurd").find(mine)?.valueC,
    });
  }
  for (const group of models.fans)
    for (const [tach, fan] of group.fans.entries()) {
      const mine = (fault: Of<"fan-stalled" | "tach-lost">) =>
        fault.fan === group.name && (fault.tach ?? tach) === tach;
      fan.faults = {
        isStalled: of("fan-stalled").some(mine),
        isTachLost: of("tach-lost").some(mine),
      };
    }

  const { supply } = models;
  const limitW = smallest(of("psu-over-power").map((fault) => fault.limitW));
  const supplyFaults = {
    isSilent: of("psu-silent").length > 0,
    wrongType: of("psu-wrong-type")[0]?.type,
    limitW,
  };
  supply.share = smallest(of("psu-brown-out").map(({ share }) => share)) ?? 1;
  supply.limitW = limitW;
  if (models.machineSupply !== undefined) models.machineSupply.supply?.setFaults(supplyFaults);
  else for (const part of models.boardSupplies.values()) part.supply?.setFaults(supplyFaults);

  for (const [name, bus] of models.buses)
    bus.setHung(of("i2c-hung").some((fault) => fault.bus === name));
  for (const [chain, memory] of models.eeproms) {
    const isGarbage = of("eeprom-garbage").some((fault) => fault.chain === chain);
    memory.setGarbage(isGarbage ? memory.content.map(() => models.random.below(256)) : undefined);
  }
  for (const board of models.boards) {
    const { index } = board;
    const mine = (fault: { readonly chain: number }) => fault.chain === index;
    models.boardSupplies.get(index)?.setDeaf?.(of("pic-deaf").some(mine));
    // Those that were hot get the others' temperature before they are forgotten.
    for (const { chip } of board.hotChips) board.chain.setChipTemperatureC(chip, board.heat.dieC);
    board.hotChips = of("chip-hot").filter(mine);
    board.isPlugged = !of("board-unplugged").some(mine);
    const { plugDetect } = board.spec;
    if (plugDetect?.via === "usb")
      models.usbControl?.setLevel(
        plugDetect.pin,
        board.isPlugged !== (plugDetect.activeLow ?? false),
      );
    const line = plugDetect?.via === "gpio" ? models.lines.find(plugDetect) : undefined;
    if (line !== undefined && plugDetect?.via === "gpio")
      line.level = levelOf(plugDetect, board.isPlugged);
  }
  return of("ambient").at(-1)?.temperatureC ?? models.assumptions.ambientC;
}

function largest(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}

function smallest(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.min(...values);
}
