import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildUi } from "../../firmware/packaging/build-ui.mjs";
import { wordsForbiddenOnPage } from "../../src/compat/trigger-words.ts";

const root = join(import.meta.dirname, "../..");
const personas = ["antminer", "axeos", "none"] as const;
let outdir = "";
let document = "";

beforeAll(async () => {
  outdir = mkdtempSync(join(tmpdir(), "asicd-page-"));
  await buildUi(root, { outdir, version: "0.0.0-test", quiet: true });
  document = readFileSync(join(outdir, "index.html"), "utf8");
});
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

describe("the document of the built page", () => {
  test.each(personas)("has no word by which tools take %s for another maker's", (persona) => {
    expect(wordsForbiddenOnPage(persona).filter((word) => document.includes(word))).toEqual([]);
  });

  test("names one script and one style sheet of its own, and nothing of anybody else's", () => {
    const addresses = [...document.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, url]) => url);
    expect(addresses.filter((url) => url?.endsWith(".js"))).toHaveLength(1);
    expect(addresses.filter((url) => url?.endsWith(".css"))).toHaveLength(1);
    expect(addresses.filter((url) => !url?.startsWith("/"))).toEqual([]);
  });
});
