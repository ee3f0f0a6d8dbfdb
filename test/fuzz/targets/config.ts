/** Configuration files: their text, and values of any shape in any place. */
import { configurableChips, parseJsonc } from "../../../firmware/cli/config-file.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { ConfigError } from "../../../src/lib/errors.ts";
import { AUTHORITY } from "../../support/scripted-server.ts";
import { mutatedText } from "../mutate.ts";
import { changedValue, expandedValue } from "../mutate-values.ts";
import { attempt, demand, type FuzzTarget } from "../target.ts";

const URL = `stratum2+tcp://pool.example.com:34254/${AUTHORITY.text}`;
const PASSWORD = "hunter2-hunter2";
const pools: readonly unknown[] = [
  { url: URL, user: "acct.worker", name: "main", silenceS: 60 },
  { url: "stratum+tcp://pool.example.com:3333", user: "acct", password: PASSWORD },
];
const VALID: readonly unknown[] = [
  {
    version: 1,
    pools,
    chains: [{ uart: "/dev/ttyS1", chip: "BM1362", chips: 126, frequencyMHz: 525 }],
  },
  {
    version: 1,
    pools: [{ url: "stratum2+tcp+insecure://10.0.0.2:34255", maxTarget: "f".repeat(64) }],
    machine: { board: "s19j-pro", voltageV: 13.6, fans: { mode: "manual", dutyPercent: 60 } },
    paths: { stateDir: "/var/lib/asicd" },
    log: { level: "debug" },
  },
  {
    version: 1,
    groups: [
      { quota: 2, standby: "probe", pools },
      { share: 0.05, pools: [{ url: URL }] },
    ],
    chains: [{ uart: "/dev/ttyS1", chip: "BM1362", chips: 126 }],
  },
];
const WORDS: readonly string[] =
  '"version" "pool" "pools" "groups" "url" "chains" "machine" "fans" { } [ ] : , // /* */ 1 2 -1 1e400 true null "" \\u0000 \\ud800'.split(
    " ",
  );

interface ConfigInput {
  /** Empty: the value is taken instead. */
  readonly text: string;
  readonly value: unknown;
}

/** A value of the file changed in one to three places, as its text or as a value. */
export const config: FuzzTarget<ConfigInput> = {
  name: "config",
  about: "configuration files",
  shortRuns: 150,
  make(random) {
    const valid = random.pick(VALID);
    if (random.chance(0.4))
      return { text: mutatedText(random, JSON.stringify(valid, null, 1), WORDS), value: null };
    let value: unknown = valid;
    for (let left = random.between(1, 3); left > 0; left--)
      value = changedValue(random, value, [...VALID, ...pools]);
    return { text: "", value };
  },
  run({ text, value }) {
    const loaded = attempt(
      () => loadConfig(text === "" ? expandedValue(value) : parseJsonc(text), configurableChips),
      ConfigError,
    );
    if (!("error" in loaded)) return;
    const { problems, message } = loaded.error;
    demand(problems.length > 0, "refused without a problem");
    demand(!message.includes(AUTHORITY.text.slice(2, -2)), "a key is repeated in a message");
    // Text that was cut anywhere makes keys of anything.
    if (text === "") demand(!message.includes(PASSWORD), "a password is repeated in a message");
    const given = text.length + JSON.stringify(value).length;
    demand(message.length < 20_000 + 20 * given, "a message without end");
  },
};
