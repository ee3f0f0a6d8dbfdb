import { expect, test } from "vitest";
import { faultKinds } from "../../../simulator/plant/fault-kinds.ts";
import { faultRows } from "./rows.ts";

/** Every fault that a script can name, and the row of the matrix that does it. */
const ROW_OF: Readonly<Record<string, string>> = {
  "sensor-lost": "sensor lost",
  "sensor-stuck": "sensor stuck",
  "sensor-noisy": "sensor noisy, ±60 °C",
  "sensor-absurd": "sensor absurd, 127 °C",
  "fan-stalled": "fan stalled",
  "tach-lost": "tachometer lost",
  "psu-silent": "supply silent",
  "psu-wrong-type": "supply of the wrong type",
  "psu-brown-out": "supply browns out, 3 s",
  "psu-over-power": "supply gives less than is asked of it",
  "pic-deaf": "PIC deaf",
  "i2c-hung": "I²C bus of the sensors hangs",
  "eeprom-garbage": "EEPROM garbage",
  "chip-hot": "chip running hot",
  ambient: "ambient too hot",
  "board-unplugged": "board unplugged",
  "chain-cut": "chain cut at a chip",
  "chip-dead": "chip dead",
  "wrong-chip-id": "chip of another family from the start",
  "chip-stuck": "chip stuck on a nonce",
  "chip-stuck-old-job": "chip stuck on an old job",
  "bit-errors": "CRC errors",
  "cut-frames": "truncated frames",
  "line-noise": "noise between frames",
  "duplicate-nonces": "duplicate nonces",
  "hash-errors": "flood of hardware errors",
  "wrong-job": "wrong job",
  "wrong-version": "wrong version",
  overclocked: "hash errors rise with frequency",
  "garbage-at-baud-switch": "garbage at the baud switch",
  "board-reset": "hashboard resets",
  "chain-silent": "chain silent, 20 s",
  "miner-blocked": "miner blocked",
  "miner-stopped": "miner stopped",
  "miner-killed": "miner killed",
  "guard-killed": "guard killed",
  "disk-full": "disk full",
  "clock-stepped": "clock a day ahead",
};

test("every fault of the simulator has a row", () => {
  expect(Object.keys(ROW_OF).toSorted()).toEqual([...faultKinds.keys()].toSorted());
  const rows = new Set(faultRows.map(({ fault }) => fault));
  expect(rows.size).toBe(faultRows.length);
  for (const row of Object.values(ROW_OF)) expect(rows).toContain(row);
});

test("what does not apply says why", () => {
  for (const { cells } of faultRows)
    for (const cell of Object.values(cells)) if ("na" in cell) expect(cell.na).not.toBe("");
});
