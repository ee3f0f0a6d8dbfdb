/** What all sensors share: one conversation a reading, and the part's id checked before its first one. */
import type { SharedI2cBus } from "../../src/ports/i2c-bus.ts";
import type { TemperatureSensor, TemperatureSensorDriver } from "../../src/ports/peripherals.ts";
import { I2cPart, type Registers } from "./i2c-part.ts";

export interface SensorRecipe {
  readonly part: string;
  /** Rejects with "wrong-id"; absent for parts that have no id. */
  readonly identify?: (registers: Registers) => Promise<void>;
  /** °C. */
  readonly read: (registers: Registers) => Promise<number>;
}

export function sensorDriver(recipe: SensorRecipe): TemperatureSensorDriver {
  return { part: recipe.part, open: (bus, address) => new Sensor(recipe, bus, address) };
}

class Sensor implements TemperatureSensor {
  readonly #recipe: SensorRecipe;
  readonly #part: I2cPart;
  #isIdentified = false;

  constructor(recipe: SensorRecipe, bus: SharedI2cBus, address: number) {
    this.#recipe = recipe;
    this.#part = new I2cPart(bus, recipe.part, address);
  }

  readC(): Promise<number> {
    return this.#part.converse("read temperature", async (registers) => {
      if (!this.#isIdentified) await this.#recipe.identify?.(registers);
      // After a failure nobody knows who answers: it has to identify itself again.
      this.#isIdentified = false;
      const temperatureC = await this.#recipe.read(registers);
      this.#isIdentified = true;
      return temperatureC;
    });
  }
}
