/** Scenario files, as somebody writes one in ten minutes. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readScenario } from "../../../simulator/scenario/read.ts";
import { ConfigError } from "../../../src/lib/errors.ts";
import { mutatedText } from "../mutate.ts";
import { attempt, demand, type FuzzTarget } from "../target.ts";

const FOLDER = resolve("simulator/scenario/files");
const files: readonly string[] = readdirSync(FOLDER)
  .filter((name) => /\.(ya?ml|json)$/.test(name))
  .sort()
  .map((name) => readFileSync(join(FOLDER, name), "utf8"));

const WORDS: readonly string[] = [
  ..."{ } [ ] &a *a !x | > : # ~ null yes 0x10 .nan .inf 1_000 $job".split(" "),
  ...["- ", "  ", "\n", "\t", "<<: *a", "!!binary ", "---\n", "...\n", "steps:\n", "- wait: 1s\n"],
  ...["repeat: 1000000", "- repeat: 3\n  steps:\n", "with: {", "wait: 99999h", "at: -1", "why: "],
  ...["quirks: [", "protocol: sv1", "match: /(a+)+$/", "expect: NewMiningJob"],
];

export const scenarios: FuzzTarget<{ readonly text: string }> = {
  name: "scenarios",
  about: "scenario files",
  shortRuns: 60,
  make(random) {
    if (random.chance(0.01)) {
      const [open, close] = random.pick([
        ["[", "]"],
        ["{a: ", "}"],
        ["- ", ""],
        ["? ", ""],
      ] as const);
      const depth = random.pick([60, 600, 6_000]);
      return { text: `steps: ${open.repeat(depth)}1${close.repeat(depth)}` };
    }
    const text = random.chance(0.2)
      ? splice(random.pick(files), random.pick(files))
      : random.pick(files);
    return { text: mutatedText(random, text, WORDS) };
  },
  run({ text }) {
    const read = attempt(() => readScenario(text, "fuzz.yaml"), ConfigError);
    if ("value" in read) return;
    const { problems } = read.error;
    demand(problems.length > 0, "refused without a problem");
    for (const { path, problem, allowed = "" } of problems) {
      demand(/^fuzz\.yaml:\d+/.test(path), () => `a problem without its line: ${path}`);
      demand(!/[\p{Cc}\p{Bidi_Control}]/u.test(problem + allowed), "a message that can paint");
      demand(problem.length + allowed.length < 5_000, "a message without end");
    }
  },
};

/** The head of one and the steps of the other. */
function splice(one: string, other: string): string {
  const [head = ""] = one.split("steps:", 1);
  return head + other.slice(Math.max(0, other.indexOf("steps:")));
}
