/** What can be fuzzed: something that makes inputs from randomness and says, by throwing, that one of them is a finding. */
import type { Random } from "./random.ts";

/** Inputs are plain values: arrays, records, text, numbers, big integers and bytes, so that anybody can shrink and print them. */
export interface FuzzTarget<Input = unknown> {
  readonly name: string;
  /** For the summary: what it tries, in a few words. */
  readonly about: string;
  /** Runs in the short form, some half second on two cores. */
  readonly shortRuns: number;
  /** A defect put there on purpose: runs only when it is named. */
  readonly isPlanted?: boolean;
  make(random: Random): Input;
  /**
   * Everything that it throws is a finding; errors that the code under test declares are caught inside. A shrunk input
   * may have any values missing or changed, and an input without a meaning must be passed over in silence.
   */
  run(input: Input): void | Promise<void>;
}

/** The code under test broke a promise. */
export class Violation extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Violation";
  }
}

/** Throws Violation unless `condition` holds. */
export function demand(condition: boolean, broken: string | (() => string)): asserts condition {
  if (!condition) throw new Violation(typeof broken === "string" ? broken : broken());
}

type ErrorClass = abstract new (...args: never[]) => Error;

/** The result, or the error when it is one of the declared kinds; anything else passes through. */
export function attempt<T, E extends ErrorClass>(
  run: () => T,
  ...declared: readonly E[]
): { readonly value: T } | { readonly error: InstanceType<E> } {
  try {
    return { value: run() };
  } catch (error) {
    if (declared.some((one) => error instanceof one)) return { error: error as InstanceType<E> };
    throw error;
  }
}
