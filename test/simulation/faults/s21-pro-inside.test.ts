import { testCells } from "./cells.ts";
import { rowsChips } from "./rows-chips.ts";
import { rowsPrograms } from "./rows-programs.ts";

testCells("s21-pro", [...rowsChips, ...rowsPrograms]);
