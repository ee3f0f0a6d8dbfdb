/** The answers that differ between cgminer's own words and those of a persona. */
import type { Status } from "../../api/status.ts";
import { firmwareName } from "../identity.ts";
import type { Row, Wire } from "../numerals.ts";
import { boardStatsRow, poolStatsRows } from "./board-sections.ts";
import { poolRows, type QuotaOf } from "./pool-section.ts";
import { summaryRow } from "./summary-section.ts";

export interface Dialect {
  version(status: Status): Row;
  summary(status: Status): Row;
  pools(status: Status, quotaOf: QuotaOf): readonly Row[];
  stats(status: Status): readonly Row[];
  /** `stats` with "new_api"; absent: nobody asks for it. */
  newStats?(status: Status, whenUnixSeconds: number): Readonly<Record<string, Wire>>;
}

/** Of the API whose fields we speak: cgminer 4.11's. */
const API_VERSION = "3.7";

export const plainDialect: Dialect = {
  version: ({ device }) => ({ CGMiner: firmwareName(device), API: API_VERSION }),
  summary: summaryRow,
  pools: poolRows,
  stats: (status) => [
    ...status.boards.map((board) => boardStatsRow(board, status)),
    ...poolStatsRows(status),
  ],
};
