import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { configTree } from "../../src/config/schema.ts";
import { formsOf, type SchemaNode } from "../../src/config/schema-node.ts";
import { configToUci, uciToConfig } from "../../src/config/uci.ts";
import { changesBetween, mergeConfigs, updatedSections } from "../../src/config/uci-merge.ts";
import { sectionKinds } from "../../src/config/uci-table.ts";
import { formatUci, parseUci } from "../../src/config/uci-text.ts";
import { ConfigError } from "../../src/lib/errors.ts";

/** Any value of the declaration's shape; bounds of texts are the loader's business. */
function anyOf(node: SchemaNode): fc.Arbitrary<unknown> {
  const forms = formsOf(node);
  if (node.anyOf !== undefined) return fc.oneof(...forms.map(anyOf));
  if (node.const !== undefined) return fc.constant(node.const);
  if (node.enum !== undefined) return fc.constantFrom(...node.enum);
  const { minimum = -1e6, maximum = 1e6 } = node;
  switch (node.type) {
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.integer({ min: minimum, max: Math.min(maximum, 2 ** 40) });
    case "number":
      return fc.double({ min: minimum, max: maximum, noNaN: true }).map((n) => (n === 0 ? 0 : n));
    case "array":
      return fc.array(anyOf(node.items ?? {}), { maxLength: 3, minLength: node.minItems ?? 0 });
    case "object":
      return objectOf(node);
    default:
      return fc.oneof(
        fc.string({ unit: "binary", maxLength: 12 }),
        fc.constantFrom("", "'", "it's", "a b", "1", "true", "#", "\\", '"', "two\nlines", " x "),
      );
  }
}

function objectOf({ properties = {}, required = [] }: SchemaNode): fc.Arbitrary<object> {
  const entries = Object.entries(properties).map(([key, child]) => [key, anyOf(child)] as const);
  const needed = required.filter((key) => properties[key]?.default === undefined);
  return fc.record(Object.fromEntries(entries), { requiredKeys: needed }) as fc.Arbitrary<object>;
}

const { properties: all = {}, ...tree } = configTree;
const { pool, pools, groups, ...others } = all;
const configs = fc
  .tuple(
    objectOf({ ...tree, properties: others }),
    fc.oneof(
      fc.constant({}),
      ...Object.entries({ pool, pools, groups }).map(([key, node]) =>
        anyOf(node ?? {}).map((value) => ({ [key]: value })),
      ),
    ),
  )
  .map(([rest, form]) => ({ ...rest, ...form, version: 1 }));

/** As `uci show` prints a file: anonymous sections by their place, lists in one line. */
function shown(text: string): string {
  const quoted = (value: string) => `'${value.replaceAll("'", "'\\''")}'`;
  const places = new Map<string, number>();
  return parseUci(text)
    .flatMap(({ type, name, options }) => {
      const at = places.get(type) ?? 0;
      places.set(type, at + 1);
      const where = `asicd.${name ?? `@${type}[${at}]`}`;
      const lines = [...options].map(
        ([key, value]) => `${where}.${key}=${[value].flat().map(quoted).join(" ")}`,
      );
      return [`${where}=${type}`, ...lines];
    })
    .join("\n");
}

function problemsOf(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ path, problem }) => `${path}: ${problem}`);
    throw error;
  }
  return [];
}

describe("the configuration as UCI", () => {
  test("any configuration comes back as it was, through a file and through uci show", () => {
    fc.assert(
      fc.property(configs, (config) => {
        const text = formatUci(configToUci(config));
        expect(uciToConfig(parseUci(text))).toEqual(config);
        expect(uciToConfig(parseUci(shown(text)))).toEqual(config);
      }),
      { numRuns: 400 },
    );
  });

  test("reads as people write it", () => {
    const config = {
      version: 1,
      name: "cellar 3",
      pools: [
        { url: "stratum+tcp://one.example:3333", user: "bc1q.rig" },
        { url: "stratum+tcp://two.example:3333", redirectHosts: ["a.example", "b.example"] },
      ],
      machine: { board: "s21", frequencyMHz: 487.5, fans: { mode: "manual", dutyPercent: 40 } },
      compat: { cgminer: { read: [] } },
    };
    expect(formatUci(configToUci(config))).toBe(`config main 'main'
	option version '1'
	option name 'cellar 3'

config pool 'pool0'
	option url 'stratum+tcp://one.example:3333'
	option user 'bc1q.rig'

config pool 'pool1'
	option url 'stratum+tcp://two.example:3333'
	list redirect_hosts 'a.example'
	list redirect_hosts 'b.example'

config machine 'machine'
	option board 's21'
	option frequency_mhz '487.5'
	option fans_mode 'manual'
	option fans_duty_percent '40'

config compat 'compat'
	option json_cgminer_read '[]'
`);
  });

  test("takes quotes, comments, words of the shell's kind and the package's own section", () => {
    const text = `package asicd
# the rig in the cellar
config main main
	option name "it's \\"mine\\"" # here
	option paused off
config service 'service'
	option anything 'goes'
config pool
	option url stratum+tcp://one.example:3333
	option user 'a'"b"c
	option password ''
config api 'api'
	list listen '127.0.0.1:8080'
config main 'main'
	option standby probe
`;
    expect(uciToConfig(parseUci(text))).toEqual({
      version: 1,
      name: `it's "mine"`,
      paused: false,
      standby: "probe",
      pools: [{ url: "stratum+tcp://one.example:3333", user: "abc" }],
      api: { listen: ["127.0.0.1:8080"] },
    });
  });

  test("says every problem at once, where it is and what is allowed", () => {
    const text = `config machine 'machine'
	option frequncy_mhz '500'
	option fans_mode 'auto'
	option json_fans '{}'
	option json_limits '{'
	list voltage_v '1'
	list voltage_v '2'
config pool
	option group 'nowhere'
config miner 'm'
`;
    expect(problemsOf(() => uciToConfig(parseUci(text)))).toEqual([
      'asicd.machine.frequncy_mhz: nothing by this name is an option, did you mean "frequency_mhz"?',
      "asicd.machine.json_fans: is also given by an option",
      expect.stringMatching(/^asicd\.machine\.json_limits: is no JSON/),
      "asicd.machine.voltage_v: is a list of 2",
      expect.stringMatching(/^asicd\.m: nothing by this name is a kind of section/),
      'asicd.@pool[0].group: "nowhere" is no group',
    ]);
    expect(
      problemsOf(() => parseUci("option early '1'\nconfig a b c\nconfig main 'x'\n option y 'z")),
    ).toEqual([
      'UCI line 1: "early" is in no section',
      'UCI line 2: "config a …" cannot be read',
      "UCI line 4: a quote is never closed",
    ]);
    expect(problemsOf(() => uciToConfig(parseUci("config main\n option version 2")))).toEqual([
      "main.version: the options are those of format 2",
    ]);
  });

  test("no mistake puts a value into a log", () => {
    for (const text of [
      "config machine 'machine'\n\toption json_limits 'hunter2'\n",
      "config pool\n\toption password 'hunter2\n",
      "config pool\n\toption password my hunter2\n",
      "config pool\n\toption password 'two\nhunter2'\nhunter2 more\n",
      "config pool\n\tpassword hunter2\n",
      "asicd.main=main\nasicd.main.pass-word='hunter2'\n",
    ]) {
      const problems = problemsOf(() => uciToConfig(parseUci(text)));
      expect(problems.length, text).toBeGreaterThan(0);
      expect(problems.join("\n")).not.toContain("hunter2");
    }
    expect(problemsOf(() => parseUci("config pool\n\toption password my hunter2\n"))).toEqual([
      'UCI line 2: "option password …" cannot be read',
    ]);
  });

  test("any text is read or refused with reasons", () => {
    const word = fc.constantFrom(
      "config",
      "option",
      "list",
      "main",
      "'",
      '"',
      "\n",
      " ",
      "\\",
      "#",
      "pool",
      "asicd.main=",
      "=",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join("")),
        ),
        (text) => {
          try {
            uciToConfig(parseUci(text));
          } catch (error) {
            expect(error).toBeInstanceOf(ConfigError);
          }
        },
      ),
    );
  });

  test("no two settings of a section share a name, and none of them is one of the package's own", () => {
    for (const { type, options } of sectionKinds) {
      const names = options.map(({ name }) => name);
      expect(new Set(names).size, type).toBe(names.length);
      expect(names.filter((name) => name.startsWith("json_") || name === "group")).toEqual([]);
    }
  });
});

describe("two faces of one configuration", () => {
  const base = { version: 1, name: "a", machine: { frequencyMHz: 500, board: "s21" } };

  test("what only one side changed is taken from it", () => {
    const uci = { ...base, name: "b" };
    const file = { ...base, machine: { board: "s21" }, paused: true };
    expect(mergeConfigs(base, uci, file)).toEqual({
      value: { version: 1, name: "b", machine: { board: "s21" }, paused: true },
      conflicts: [],
    });
    expect(mergeConfigs(base, base, file).value).toEqual(file);
    expect(mergeConfigs(base, uci, base).value).toEqual(uci);
  });

  test("what both changed to something else is UCI's, and told", () => {
    const uci = { ...base, name: "b", pool: { url: "u" } };
    const file = { ...base, name: "c", pools: [{ url: "f" }] };
    expect(mergeConfigs(base, uci, file)).toEqual({
      value: { ...base, name: "b", pool: { url: "u" } },
      conflicts: ["name", "pools"],
    });
  });

  test("merging any two changes leaves both sides with nothing more to say", () => {
    fc.assert(
      fc.property(configs, configs, configs, (old, uci, file) => {
        const { value } = mergeConfigs(old, uci, file);
        expect(mergeConfigs(value, value, value)).toEqual({ value, conflicts: [] });
        const { value: same, conflicts } = mergeConfigs(old, uci, uci);
        expect([same, conflicts]).toEqual([uci, []]);
      }),
    );
  });

  test("changes are as small as they can be, and lists go as a whole", () => {
    expect(changesBetween(base, { ...base, machine: { frequencyMHz: 510 }, api: {} })).toEqual([
      { path: "machine.frequencyMHz", value: 510 },
      { path: "machine.board", value: undefined },
      { path: "api", value: {} },
    ]);
  });

  test("a section that is written again keeps the name that its owner gave it", () => {
    const old = parseUci(`config service 'service'
	option watchdog 'asicd'
config pool 'braiins'
	option url 'stratum+tcp://one.example:3333'
config pool
	option url 'stratum+tcp://two.example:3333'
`);
    const url = (host: string) => `stratum+tcp://${host}.example:3333`;
    const config = {
      version: 1,
      pools: [{ url: url("three") }, { url: url("two") }, { url: url("one"), user: "me" }],
    };
    const sections = updatedSections(config, old);
    expect(sections.map(({ type, name }) => `${type} ${name}`)).toEqual([
      "main main",
      "pool pool0",
      "pool undefined",
      "pool braiins",
      "service service",
    ]);
    expect(uciToConfig(parseUci(formatUci(sections)))).toEqual(config);
  });
});
