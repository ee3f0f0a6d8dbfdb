/** All parts of a machine on their buses, each model made once however many declarations mean it. */
import type { BusRef } from "../../boards/machine-spec.ts";
import { I2cBusModel, type I2cDevice } from "./i2c-bus-model.ts";
import type { PartContext, PartModel } from "./parts/part-model.ts";
import { partFamilyOf } from "./parts/part-models.ts";

/** Where a part is on: which board, so that it can be pulled, and what is behind that board's own supply. */
export interface PartPlace {
  readonly bus: BusRef;
  readonly address: number;
  /** `undefined`: of the machine. */
  readonly board?: { readonly index: number; readonly isPlugged: boolean };
  /** The board's supply, for a bus behind it. */
  readonly behind?: PartModel | undefined;
}

interface Placed {
  readonly model: PartModel;
  readonly family: string;
  readonly board: number | undefined;
}

export class MachineParts {
  /** By path; "usb" is the one behind a USB board's control port. */
  readonly buses = new Map<string, I2cBusModel>();
  readonly #placed = new Map<I2cBusModel, Map<number, Placed>>();
  readonly #context: Omit<PartContext, "part" | "voltage">;

  constructor(context: Omit<PartContext, "part" | "voltage">) {
    this.#context = context;
  }

  get disposables(): readonly Disposable[] {
    return [...this.#placed.values()].flatMap((parts) =>
      [...parts.values()].map(({ model }) => ({ [Symbol.dispose]: () => model.stop?.() })),
    );
  }

  bus(name: string): I2cBusModel {
    let bus = this.buses.get(name);
    if (bus === undefined) {
      const { clock, assumptions } = this.#context;
      bus = new I2cBusModel(name, clock, assumptions.i2cHz);
      this.buses.set(name, bus);
    }
    return bus;
  }

  /** Throws Error for a declaration that cannot be built: no model, no such bus, two different parts at one address. */
  place(part: string, voltage: PartContext["voltage"], place: PartPlace): PartModel {
    const family = partFamilyOf(part);
    const bus = this.#busOf(place);
    const parts = this.#placed.get(bus) ?? new Map<number, Placed>();
    this.#placed.set(bus, parts);
    const there = parts.get(place.address);
    const isSameBoard =
      there?.board === undefined || [undefined, there.board].includes(place.board?.index);
    if (there?.family === family.name && isSameBoard) return there.model;
    const model = family.create({ ...this.#context, part, voltage });
    parts.set(place.address, { model, family: family.name, board: place.board?.index });
    bus.attach(place.address, whilePlugged(model.device, place));
    return model;
  }

  /** A device that is not a part of a driver. */
  attach(place: PartPlace, device: I2cDevice): void {
    this.#busOf(place).attach(place.address, whilePlugged(device, place));
  }

  #busOf({ bus, behind }: PartPlace): I2cBusModel {
    if (bus.via === "usb") return this.bus("usb");
    if (bus.via === "i2c") return this.bus(bus.path);
    if (behind?.passThrough === undefined)
      throw new Error("a part is on a bus behind a supply that has none behind it");
    return behind.passThrough;
  }
}

function whilePlugged(device: I2cDevice, { board }: PartPlace): I2cDevice {
  if (board === undefined) return device;
  return {
    write: (bytes) => board.isPlugged && device.write(bytes),
    read: (lengthBytes) => (board.isPlugged ? device.read(lengthBytes) : undefined),
  };
}
