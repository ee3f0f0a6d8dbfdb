import { testCells } from "./cells.ts";
import { rowsChips } from "./rows-chips.ts";
import { rowsPrograms } from "./rows-programs.ts";

testCells("s19j-pro", [...rowsChips, ...rowsPrograms]);
