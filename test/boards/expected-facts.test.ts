import { describe, expect, test } from "vitest";
import { expectedFacts, i2cPathsOf } from "../../boards/expected-facts.ts";
import { machines } from "../../boards/machines.ts";
import { boardIdentityOf } from "../../drivers/eeprom/board-identity.ts";
import { fromHex } from "../../src/lib/bytes.ts";

describe("the facts that are expected of a machine", () => {
  const withMemories = machines.filter(({ match }) => match.eepromBoard !== undefined);

  test.each(withMemories.map((spec) => [spec.id, spec] as const))(
    "%s has memories as their reader tells them",
    (_, spec) => {
      const memory = new Uint8Array(256);
      memory.set(fromHex(spec.match.eepromHeader ?? ""));
      memory.set(new TextEncoder().encode(spec.match.eepromBoard?.[0]), 16);
      memory[255] = 0x5a;
      const { eeproms } = expectedFacts(spec);
      expect(eeproms).toHaveLength(spec.chains.filter(({ eeprom }) => eeprom).length);
      expect(eeproms.length).toBeGreaterThan(0);
      for (const { identity } of eeproms) expect(identity).toEqual(boardIdentityOf(memory));
    },
  );

  test("name the buses of the control board, not those behind a supply or USB", () => {
    const busesOf = (id: string) =>
      machines.filter((spec) => spec.id === id).flatMap((spec) => i2cPathsOf(spec));
    expect(busesOf("s19j-pro")).toEqual(["/dev/i2c-0", "/dev/i2c-1"]);
    expect(busesOf("s19j-pro-cv")).toEqual(["/dev/i2c-0"]);
    expect(busesOf("bitaxe-gamma")).toEqual([]);
  });
});
