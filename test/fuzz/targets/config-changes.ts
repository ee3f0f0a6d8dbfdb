/** Changes of a configuration: paths and values of any shape, sent to the desk that checks, saves and takes them into use. */
import { isDeepStrictEqual } from "node:util";
import { configurableChips, parseJsonc } from "../../../firmware/cli/config-file.ts";
import { SettingsDesk } from "../../../firmware/config-desk.ts";
import { openConfigStore } from "../../../firmware/config-store.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { maskSecrets } from "../../../src/api/mask-secrets.ts";
import { loadConfig } from "../../../src/config/load.ts";
import {
  formatPath,
  parsePath,
  valueAt,
  withoutValueAt,
  withValueAt,
} from "../../../src/config/paths.ts";
import { isSame } from "../../../src/config/plain-values.ts";
import { configTree } from "../../../src/config/schema.ts";
import { configNodes } from "../../../src/config/tree.ts";
import { ConfigError } from "../../../src/lib/errors.ts";
import { CrashingFolder } from "../../firmware/crashing-folder.ts";
import { AWKWARD_TEXTS, mutatedText } from "../mutate.ts";
import { changedValue, expandedValue } from "../mutate-values.ts";
import type { Random } from "../random.ts";
import { attempt, demand, type FuzzTarget } from "../target.ts";

const SECRETS = ["hunter2-hunter2", "https://hooks.example/planted-token"];
const FILE = `{
  // kept
  "version": 1,
  "pools": [
    { "url": "stratum+tcp://one.example:1", "user": "me", "password": "${SECRETS[0]}" },
    { "url": "stratum+tcp://two.example:1", "user": "me" }
  ],
  "machine": { "fans": { "mode": "manual", "dutyPercent": 40 } },
  "webhook": { "url": "${SECRETS[1]}" }
}
`;
const START: unknown = parseJsonc(FILE);
const MASKED = maskSecrets(START);

const PATHS = configNodes(configTree).map(({ path }) => path);
const VALUES: readonly unknown[] = [
  START,
  MASKED,
  true,
  false,
  "…",
  "rig",
  30,
  "generated",
  ["127.0.0.1:8080"],
  [{ url: "stratum+tcp://three.example:1", user: "me", password: "…" }],
  { url: "mqtt://broker:1883", password: "…" },
  { mode: "auto" },
  { mode: "manual", dutyPercent: 20 },
];

type Step =
  | { readonly do: "apply" | "preview"; readonly path: string; readonly value: unknown }
  | { readonly do: "replace"; readonly value: unknown }
  | { readonly do: "confirm" | "revert" | "restart" | "fill" | "empty" }
  | { readonly do: "wait"; readonly seconds: number };

/** A history of one desk over a disk that may be full and a program that may end. */
export const configChanges: FuzzTarget<readonly Step[]> = {
  name: "config-changes",
  about: "changes of settings, one after the other",
  shortRuns: 40,
  make: (random) => Array.from({ length: random.between(1, 12) }, () => step(random)),
  async run(steps) {
    if (!Array.isArray(steps)) return;
    const folder = new CrashingFolder(new Map([["asicd.jsonc", new TextEncoder().encode(FILE)]]));
    const clock = new VirtualClock();
    let desk = await opened(folder, clock);
    for (const one of steps) {
      const before = desk.view();
      if (one?.do === "restart") {
        desk[Symbol.dispose]();
        desk = await opened(folder, clock);
        // A full disk may have kept less than the memory.
        if (folder.failure === undefined)
          demand(isSame(desk.view().effective, before.effective), "a restart changed settings");
        continue;
      }
      const told = await played(desk, one, folder, clock);
      const text = JSON.stringify(told ?? null);
      for (const secret of SECRETS) demand(!text.includes(secret), "a secret is repeated");
      demand(text.length < 200_000, "an answer without end");
      const after = desk.view();
      const isRefused = /"is":"(refused|invalid)"/.test(text);
      if (isRefused || one?.do === "preview")
        demand(
          isDeepStrictEqual(after, before),
          `refused or looked at, and changed all the same: ${text}`,
        );
      demand(!isRefused || /"(problems|text)":.../.test(text), "refused without a reason");
      const { chains, ...loaded } = loadConfig(after.sparse, configurableChips);
      demand(
        isSame(after.effective, chains.length > 0 ? { ...loaded, chains } : loaded),
        "sparse and effective differ",
      );
      demand(
        !/"(password|secret)":"…"/.test(JSON.stringify(after.sparse)),
        "a mask is kept as a secret",
      );
      const saved = parseJsonc(new TextDecoder().decode(folder.disk.get("asicd.jsonc")));
      loadConfig(saved, configurableChips);
      if (after.confirmByUnixSeconds === null)
        demand(isSame(saved, after.sparse), "the file says something else");
      demand(
        clock.pendingTimers === (after.confirmByUnixSeconds === null ? 0 : 1),
        "a timer is left",
      );
    }
    desk[Symbol.dispose]();
  },
};

function step(random: Random): Step {
  const kind = random.below(20);
  if (kind < 10)
    return {
      do: random.chance(0.9) ? "apply" : "preview",
      path: somePath(random),
      value: someValue(random),
    };
  if (kind < 12)
    return { do: "replace", value: changedValue(random, random.pick([START, MASKED]), VALUES) };
  if (kind < 14) return { do: "wait", seconds: random.pick([1, 30, 60]) };
  return {
    do: random.pick(["confirm", "confirm", "revert", "revert", "restart", "fill", "empty"]),
  };
}

function somePath(random: Random): string {
  const path = random.pick(PATHS).replaceAll("[]", () => `[${random.pick([0, 0, 1, 2, 9])}]`);
  if (random.chance(0.3))
    return random.pick(["api.listen", "api.hosts", "api", "pools", "paused", "name"]);
  return random.chance(0.15) ? mutatedText(random, path, AWKWARD_TEXTS) : path;
}

function someValue(random: Random): unknown {
  const value = random.pick(VALUES);
  return random.chance(0.4) ? changedValue(random, value, VALUES) : value;
}

async function played(
  desk: SettingsDesk,
  one: Step,
  folder: CrashingFolder,
  clock: VirtualClock,
): Promise<unknown> {
  switch (one?.do) {
    case "apply":
    case "preview":
      return desk[one.do]([{ path: `${one.path}`, value: expandedValue(one.value) }]);
    case "replace":
      return desk.replace(expandedValue(one.value));
    case "confirm":
    case "revert":
      return desk[one.do]();
    case "fill":
      folder.failure = new Error("ENOSPC");
      return undefined;
    case "empty":
      folder.failure = undefined;
      return undefined;
    case "wait":
      return clock.advance(Math.min(600, Math.max(0, Number(one.seconds) || 0)) * 1_000);
    default:
      return undefined;
  }
}

async function opened(folder: CrashingFolder, clock: VirtualClock): Promise<SettingsDesk> {
  const load = (text: string) => loadConfig(parseJsonc(text), configurableChips);
  const store = await openConfigStore(folder, "asicd.jsonc", load);
  return new SettingsDesk({ store, clock, chips: configurableChips, apply() {} });
}

interface PathInput {
  readonly path: string;
  readonly root: unknown;
  readonly value: unknown;
}

/** Places in values: what is put there is found there, and nothing else has changed. */
export const configPaths: FuzzTarget<PathInput> = {
  name: "config-paths",
  about: "paths of settings",
  shortRuns: 2_000,
  make: (random) => ({
    path: random.chance(0.5)
      ? somePath(random)
      : mutatedText(random, "pools[0].url", AWKWARD_TEXTS),
    root: changedValue(random, START, VALUES),
    value: someValue(random),
  }),
  run({ path, root, value }) {
    if (typeof path !== "string" || value === undefined) return;
    const parsed = attempt(() => parsePath(path), ConfigError);
    if ("error" in parsed) {
      demand(parsed.error.message.length < 500, "a message without end");
      return;
    }
    const steps = parsed.value;
    demand(isDeepStrictEqual(parsePath(formatPath(steps)), steps), "written, it is another path");
    const before = JSON.stringify(root);
    const put = attempt(() => withValueAt(root, steps, value), ConfigError);
    if ("value" in put) {
      demand(valueAt(put.value, steps) === value, "put somewhere else");
      const taken = withoutValueAt(put.value, steps);
      const last = steps.at(-1);
      if (typeof last === "string") demand(valueAt(taken, steps) === undefined, "taken, and there");
    }
    demand(JSON.stringify(root) === before, "the value itself is changed");
  },
};
