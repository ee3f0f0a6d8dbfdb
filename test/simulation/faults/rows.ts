/** The whole matrix. */
import type { FaultRow } from "./fault-row.ts";
import { rowsAround } from "./rows-around.ts";
import { rowsChips } from "./rows-chips.ts";
import { rowsPrograms } from "./rows-programs.ts";

export const faultRows: readonly FaultRow[] = [...rowsAround, ...rowsChips, ...rowsPrograms];
