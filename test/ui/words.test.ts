import { describe, expect, test } from "vitest";
import { de } from "../../src/ui/text/de.ts";
import { en } from "../../src/ui/text/en.ts";
import { Formats } from "../../src/ui/words/format.ts";
import { chosenLanguage, chosenLocale, Words } from "../../src/ui/words/translate.ts";

const english = new Words("en", "en", "UTC");
const german = new Words("de", "de", "UTC");

const plain = (text: string) => text.replaceAll("\u00a0", " ");

describe("the texts of the languages", () => {
  test("have the same keys, and the same values in them", () => {
    const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
    expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort());
    for (const [key, text] of Object.entries(en))
      expect(places(de[key as keyof typeof de]), key).toEqual(places(text));
  });

  test("values stand in their places, and a missing one is seen", () => {
    expect(english.t("board", { index: 2 })).toBe("Board 2");
    expect(english.t("board")).toBe("Board {index}");
  });

  test("the language is the first that the browser asks for and we have", () => {
    expect(chosenLanguage(["fr-FR", "de-AT", "en"])).toBe("de");
    expect(chosenLanguage(["fr"])).toBe("en");
    expect(chosenLocale("en", ["de-DE", "en-GB"])).toBe("en-GB");
  });
});

describe("the sentence of truth", () => {
  const summary = {
    state: "mining" as const,
    sentence: "Mining 98.21 TH/s on home over encrypted SV2.",
    parts: [
      { code: "state-mining", values: { rate: "98.21 TH/s", pool: "home", link: "encrypted SV2" } },
    ],
  };

  test("is made anew in another language, with its numbers", () => {
    expect(plain(german.sentence(summary))).toBe(
      "Schürft 98,21 TH/s auf home über verschlüsseltes SV2.",
    );
  });

  test("in English says what the device says", () => {
    expect(plain(english.sentence(summary))).toBe(summary.sentence);
  });

  test("is the device's own where it has a clause that the page does not know", () => {
    const newer = { ...summary, parts: [...summary.parts, { code: "later", values: {} }] };
    expect(german.sentence(newer)).toBe(summary.sentence);
  });
});

describe("numbers", () => {
  const f = new Formats("en", "UTC");

  test.each([
    [0, "0 H/s"],
    [98.214e12, "98.21 TH/s"],
    [1_019_080, "1.019 MH/s"],
  ])("the rate %d is %s", (rate, text) => expect(plain(f.rate(rate))).toBe(text));

  test.each([
    [0, "0 s"],
    [59.6, "1 min"],
    [3_725, "1 h 2 min"],
    [90_000, "1 d 1 h"],
    [86_405, "1 d"],
  ])("%d seconds are %s", (seconds, text) => expect(plain(f.duration(seconds))).toBe(text));

  test.each([
    [0, "0"],
    [0.0363, "0.0363"],
    [512, "512"],
    [65_536, "65.54 K"],
    [1.5e9, "1.50 G"],
  ])("the difficulty %d is %s", (value, text) => expect(plain(f.compact(value))).toBe(text));

  test("a word of the device that is no rate stays as it is", () => {
    expect(f.rewriteRate("no pool")).toBe("no pool");
  });
});
