import { expect, test } from "vitest";
import { referencePage } from "../../src/config/reference.ts";
import { configTree } from "../../src/config/schema.ts";
import { configNodes } from "../../src/config/tree.ts";

const page = referencePage(configTree);

test("the page about settings is what the declaration says (`npx vitest run -u` makes it anew)", async () => {
  await expect(page).toMatchFileSnapshot("../../src/config/REFERENCE.md");
});

test("has a row for each setting, and each of the pools' once", () => {
  const rows = page.split("\n").flatMap((line) => /^\| `([^`]+)`/.exec(line)?.[1] ?? []);
  const paths = configNodes(configTree).map(({ path }) => path);
  expect(rows.length).toBe(new Set(rows).size);
  const left = paths.filter((path) => !rows.includes(path));
  expect(left.every((path) => /^(pool\.|groups\[\]\.pools\[\])/.test(path))).toBe(true);
  for (const path of left) expect(rows).toContain(path.replace(/^.*?pools?(\[\])?/, "pools[]"));
});

test("no cell is empty where there is something to say", () => {
  for (const line of page.split("\n").filter((one) => one.startsWith("| `"))) {
    const [, path, title, , , cost, meaning] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    expect([path, title, cost, meaning].map(Boolean), line).toEqual([true, true, true, true]);
    expect(line).not.toContain("undefined");
  }
});
