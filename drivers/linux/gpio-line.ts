/** What both ways to a GPIO line have in common: polarity, closing, and failures by name. */

import { DeviceError } from "../../src/lib/errors.ts";
import type { InputLine, LineSpec, OutputLine } from "../../src/ports/lines.ts";
import { deviceFailure, USE_FAILURES } from "./device-failure.ts";

/** The electrical level. */
export type Level = 0 | 1;

/** How a line is to be from the first moment: read, or driven to a level. */
export type LineUse = "input" | Level;

/** An open line without polarity. All of it happens before the call returns, and throws the system's error. */
export interface RawLine {
  read(): Level;
  write(level: Level): void;
  close(): void;
}

export class GpioOutput implements OutputLine {
  readonly label: string;
  readonly #line: LineSpec;
  #raw: RawLine | undefined;

  constructor(line: LineSpec, raw: RawLine) {
    this.label = line.label;
    this.#line = line;
    this.#raw = raw;
  }

  async set(active: boolean): Promise<void> {
    useLine(this.label, "set", this.#raw, (raw) => raw.write(levelOf(this.#line, active)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#raw?.close();
    this.#raw = undefined;
  }
}

export class GpioInput implements InputLine {
  readonly label: string;
  readonly #line: LineSpec;
  #raw: RawLine | undefined;

  constructor(line: LineSpec, raw: RawLine) {
    this.label = line.label;
    this.#line = line;
    this.#raw = raw;
  }

  async get(): Promise<boolean> {
    const level = useLine(this.label, "get", this.#raw, (raw) => raw.read());
    return level === levelOf(this.#line, true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#raw?.close();
    this.#raw = undefined;
  }
}

export function levelOf(line: LineSpec, active: boolean): Level {
  return active !== (line.activeLow ?? false) ? 1 : 0;
}

function useLine<T>(
  label: string,
  operation: string,
  raw: RawLine | undefined,
  act: (raw: RawLine) => T,
): T {
  if (raw === undefined) throw new DeviceError(label, operation, "gone", { detail: "closed" });
  try {
    return act(raw);
  } catch (cause) {
    throw deviceFailure(label, operation, cause, USE_FAILURES);
  }
}
