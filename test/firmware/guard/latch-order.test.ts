/** A latch is written to a disk, which may take its time: not before the lines of its board have moved. */
import { expect, test } from "vitest";
import { sensorAbsurd } from "../../../simulator/plant/faults.ts";
import type { PlantState } from "../../../simulator/plant/plant-state.ts";
import { VirtualPlant } from "../../support/virtual-plant.ts";

const UP_WITHIN_MS = 120_000;

// Its boards share no supply: that would go for its own reason, and sooner.
test("lines have moved when a latch is written down", async () => {
  using machine = new VirtualPlant({ machine: "s19j-pro" });
  const inReset = ({ chains }: PlantState) => chains.map(({ isHeldInReset }) => isHeldInReset);
  void machine.startGuard();
  await machine.run(UP_WITHIN_MS, () => machine.isHashing);
  // What an earlier guard had seen is not known to this one: its first trip is taken for a second one.
  machine.killGuard();
  await machine.run(1_000);
  await machine.run(UP_WITHIN_MS, () => machine.isHashing);
  expect(inReset(machine.plant.state())).not.toContain(true);

  const [sensor] = machine.spec.chains[0]?.sensors ?? [];
  machine.plant.addFault(sensorAbsurd(sensor?.name ?? "", 90));
  await machine.run(UP_WITHIN_MS, () => machine.latched.length > 0);
  expect(machine.latched.length).toBeGreaterThan(0);
  for (const { boards, plant } of machine.latched)
    for (const { index } of boards) expect(inReset(plant)[index]).toBe(true);
});
