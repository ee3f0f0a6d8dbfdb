/** Lines and pulse-width outputs of a control board as electrical levels, with what they fall back to when it is reset. */
import type { LineSpec } from "../../src/ports/lines.ts";

export interface LineModel {
  /** Unique within the bank. */
  readonly id: number;
  readonly label: string;
  /** High. */
  level: boolean;
  readonly direction: "output" | "input";
  /** When nobody drives it: pull resistors of the board. */
  readonly defaultLevel: boolean;
}

export class LineBank {
  readonly #lines = new Map<string, LineModel>();
  readonly #onChange: () => void;
  #nextId = 0;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** The line, under every name that the declaration has for it; the first who declares it says how it lies idle. */
  declare(
    spec: LineSpec,
    direction: LineModel["direction"],
    isActiveByDefault: boolean,
  ): LineModel {
    const known = this.find(spec);
    if (known !== undefined) return known;
    const defaultLevel = levelOf(spec, isActiveByDefault);
    const { label } = spec;
    const line: LineModel = {
      ...{ id: this.#nextId++, label, direction },
      ...{ level: defaultLevel, defaultLevel },
    };
    for (const key of keysOf(spec)) this.#lines.set(key, line);
    return line;
  }

  find(spec: LineSpec): LineModel | undefined {
    for (const key of keysOf(spec)) {
      const line = this.#lines.get(key);
      if (line !== undefined) return line;
    }
    return undefined;
  }

  drive(line: LineModel, level: boolean): void {
    if (line.level === level) return;
    line.level = level;
    this.#onChange();
  }

  /** The control board lets go of everything. */
  release(): void {
    for (const line of this.#lines.values())
      if (line.direction === "output") line.level = line.defaultLevel;
    this.#onChange();
  }
}

/** The level at which the line is in that state, for who knows it by this description. */
export function levelOf({ activeLow = false }: LineSpec, active: boolean): boolean {
  return active !== activeLow;
}

function keysOf({ label, chip, offset, sysfs }: LineSpec): readonly string[] {
  const keys: string[] = [];
  if (chip !== undefined && offset !== undefined) keys.push(`${chip} ${offset}`);
  if (sysfs !== undefined) keys.push(`sysfs ${sysfs}`);
  return keys.length > 0 ? keys : [`label ${label}`];
}
