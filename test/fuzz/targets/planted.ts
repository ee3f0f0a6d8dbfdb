/** Defects put here on purpose: who fuzzes must find them, or finds nothing. They run only when named. */
import { type FuzzTarget, Violation } from "../target.ts";

interface PlantedInput {
  readonly items: readonly {
    readonly kind: string;
    readonly size: number;
    readonly bytes: Uint8Array;
  }[];
}

const KINDS = ["a", "b", "c", "d"] as const;

function planted(name: string, about: string, broken: () => void): FuzzTarget<PlantedInput> {
  return {
    name,
    about,
    shortRuns: 0,
    isPlanted: true,
    make: (random) => ({
      items: Array.from({ length: random.length(12) }, () => ({
        kind: random.pick(KINDS),
        size: random.number(16),
        bytes: random.bytes(random.length(20)),
      })),
    }),
    run({ items }) {
      let seen = "";
      for (const { kind, size } of items) {
        if (kind === "a" && size >= 7) seen = "a";
        if (seen === "a" && kind === "c") broken();
      }
    },
  };
}

const hoard: unknown[] = [];

export const plantedTargets: readonly FuzzTarget[] = [
  planted("planted-error", "a c after a large a: throws", () => {
    throw new TypeError("planted: cannot read properties of 17");
  }),
  planted("planted-violation", "a c after a large a: a broken promise", () => {
    throw new Violation("planted");
  }),
  planted("planted-hang", "a c after a large a: never returns", () => {
    for (;;);
  }),
  planted("planted-memory", "a c after a large a: grows without end", () => {
    for (;;) hoard.push(new Array(1e5).fill(0));
  }),
  {
    name: "planted-rejection",
    about: "a promise that nobody waits for fails",
    shortRuns: 0,
    isPlanted: true,
    make: (random) => ({ value: random.below(4) }),
    async run(input) {
      const { value } = input as { readonly value: number };
      if (value > 1) void Promise.reject(new TypeError("planted rejection"));
      await new Promise(setImmediate);
    },
  },
];
