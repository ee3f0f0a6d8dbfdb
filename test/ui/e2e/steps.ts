/** Steps that are told as they go, so that a failure says what an operator would have been doing. */
export interface Report {
  step(name: string, run: () => Promise<void>): Promise<void>;
  /** From here on, steps without these words in their names are left out. */
  only(words: string): void;
  readonly failures: readonly string[];
}

/** `look` is what is done where a step failed, and tells where its result is. */
export function openReport(
  say: (text: string) => void,
  look: (name: string) => Promise<string>,
): Report {
  const failures: string[] = [];
  let wanted = "";
  return {
    failures,
    only(words) {
      wanted = words;
    },
    async step(name, run) {
      if (!name.includes(wanted)) return;
      const startedMs = performance.now();
      const tookMs = () => Math.round(performance.now() - startedMs);
      try {
        await run();
        say(`ok      ${name} (${tookMs()} ms)`);
      } catch (error) {
        failures.push(name);
        const told = String(error).split("\n").slice(0, 12);
        const seen = await look(name).catch((why: unknown) => `no picture: ${String(why)}`);
        say(
          `FAILED  ${name} (${tookMs()} ms)\n        ${[...told, ...seen.split("\n")].join("\n        ")}`,
        );
      }
    },
  };
}

/** Throws Error with what was found instead. */
export function expectEqual(found: unknown, wanted: unknown, what: string): void {
  if (JSON.stringify(found) !== JSON.stringify(wanted))
    throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
}

export function expectNone(found: readonly string[], what: string): void {
  if (found.length > 0) throw new Error(`${what}:\n${[...new Set(found)].join("\n")}`);
}
