import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJsonc } from "../../firmware/cli/config-file.ts";
import { textWith } from "../../firmware/config-text.ts";

const text = `// my rig
{
    "version": 1, // the format
    "pools": [
        // the good one
        { "url": "a", "user": "x" /* me */ },
        {
            // the other one
            "url": "b",
        },
    ],
    /* quiet in the night */
    "machine": { "fans": { "mode": "manual", "dutyPercent": 30 } },
}
`;
const value = parseJsonc(text) as { pools: object[]; machine: object };
const edited = (next: unknown) => {
  const result = textWith(text, next);
  expect(parseJsonc(result)).toEqual(next);
  return result;
};

describe("a changed configuration file", () => {
  test("differs in what was changed, and in nothing else", () => {
    const fans = { mode: "manual", dutyPercent: 60 };
    expect(edited({ ...value, machine: { fans } })).toBe(text.replace("30", "60"));
    expect(edited(value)).toBe(text);
  });

  test("has new keys in the way that the others are written", () => {
    expect(edited({ ...value, name: "rig" })).toContain('\n    "name": "rig"');
    expect(edited({ ...value, machine: { ...value.machine, frequencyMHz: 500 } })).toContain(
      '"frequencyMHz": 500',
    );
  });

  test("keeps the comments around what came and what went", () => {
    const { machine: _, ...less } = value;
    for (const next of [less, { ...value, pools: [...value.pools, { url: "c" }] }])
      for (const comment of ["// my rig", "// the format", "// the good one", "// the other one"])
        expect(edited(next)).toContain(comment);
    expect(edited({ ...value, pools: value.pools.slice(0, 1) })).toContain("/* me */");
  });

  test("has the comments inside of pools where the pools moved to", () => {
    const moved = edited({ ...value, pools: value.pools.toReversed() });
    expect(moved.indexOf("// the other one")).toBeLessThan(moved.indexOf('"user": "x" /* me */'));
  });

  test("is a new one where nothing of the old one is left, and may be of any value", () => {
    // jsonc-parser takes a key of this name for the prototype, and no setting is called so.
    const any = fc
      .jsonValue({ maxDepth: 4 })
      .filter((value) => !JSON.stringify(value).includes('"__proto__"'));
    const object = fc.dictionary(fc.constantFrom("version", "pools", "machine", "a b", "é"), any);
    fc.assert(
      fc.property(object, object, (before, after) => {
        const start = textWith("{ /* kept */ }", before);
        expect(parseJsonc(textWith(start, after))).toEqual(normal(after));
      }),
      { numRuns: 300 },
    );
  });
});

/** As JSON can say it: no -0. */
function normal(one: unknown): unknown {
  return JSON.parse(JSON.stringify(one));
}
