/** Boards and their chips as tables. */
import type { BoardStatus, ChipStatus } from "../../../src/api/status.ts";
import { boardState, celsius, hottest, rate, UNKNOWN } from "./figures.ts";
import { type Page, table } from "./terminal-text.ts";

export function boardRows(boards: readonly BoardStatus[], page: Page): string {
  return table(
    [
      { title: "BOARD", align: "right" },
      { title: "STATE" },
      { title: "HASHRATE", align: "right" },
      { title: "EXPECTED", align: "right", drop: 3 },
      { title: "HOTTEST", align: "right" },
      { title: "CHIPS", align: "right", drop: 1 },
      { title: "MHZ", align: "right", drop: 2 },
      { title: "POWER", align: "right", drop: 4 },
      { title: "HW ERRORS", align: "right", drop: 5 },
      { title: "WHY", drop: 6 },
    ],
    boards.map((board) => [
      String(board.index),
      boardState(board),
      rate(board.hashrateHps.m5),
      rate(board.expectedHps),
      celsius(hottest(board)),
      `${board.chipsFound}/${board.chipsExpected}`,
      board.frequencyMHz.toFixed(0),
      board.powerW === null ? UNKNOWN : `${board.powerW.toFixed(0)} W`,
      String(board.hardwareErrors),
      board.reason ?? "",
    ]),
    page,
  );
}

export function chipRows(chips: readonly ChipStatus[], page: Page): string {
  return table(
    [
      { title: "CHIP", align: "right" },
      { title: "HASHRATE", align: "right" },
      { title: "15 MIN", align: "right", drop: 1 },
      { title: "EXPECTED", align: "right", drop: 2 },
      { title: "HEALTH", align: "right" },
    ],
    chips.map(({ index, hashrateHps, expectedHps, health }) => [
      String(index),
      rate(hashrateHps.m5),
      rate(hashrateHps.m15),
      rate(expectedHps),
      health === null
        ? UNKNOWN
        : { text: `${(health * 100).toFixed(0)} %`, tone: health < SICK ? "bad" : "plain" },
    ]),
    page,
  );
}

/** A tenth is what chance does to a chip's quarter of an hour. */
const SICK = 0.8;
