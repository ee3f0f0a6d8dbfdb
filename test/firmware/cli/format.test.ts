import { expect, test } from "vitest";
import {
  cut,
  formatDifficulty,
  formatDuration,
  formatHashrate,
  formatMs,
  formatScale,
} from "../../../firmware/cli/format.ts";

test.each([
  [0, "0 H/s"],
  [0.5, "0.500 H/s"],
  [999.9, "999.9 H/s"],
  [999.96, "1.000 kH/s"],
  [1_013_279, "1.013 MH/s"],
  [34_000_000_000_000, "34.00 TH/s"],
  [200e18, "200.0 EH/s"],
  [5e21, "5000.0 EH/s"],
])("%d H/s reads %s", (hps, text) => {
  expect(formatHashrate(hps)).toBe(text);
});

test.each([
  [0, "0"],
  [0.00003, "3.00e-5"],
  [0.25, "0.250"],
  [1, "1.000"],
  [65_536, "65.54k"],
  [146.47e12, "146.5T"],
])("difficulty %d reads %s", (difficulty, text) => {
  expect(formatDifficulty(difficulty)).toBe(text);
});

test.each([
  [-1, "0 s"],
  [59.9, "59 s"],
  [65, "1 m 05 s"],
  [3_600, "1 h 00 m"],
  [187_200, "2 d 04 h"],
])("%d seconds read %s", (durationS, text) => {
  expect(formatDuration(durationS)).toBe(text);
});

test("milliseconds and scales", () => {
  expect(formatMs(0.2149)).toBe("0.215 ms");
  expect(formatScale(2 ** 25)).toBe("÷ 2^25");
  expect(formatScale(1_000)).toBe("÷ 1000");
});

test("a text is cut to its columns", () => {
  expect(cut("abcdef", 6)).toBe("abcdef");
  expect(cut("abcdef", 4)).toBe("abc…");
  expect(cut("abcdef", 0)).toBe("");
});
