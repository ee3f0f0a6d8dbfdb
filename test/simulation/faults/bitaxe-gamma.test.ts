import { testCells } from "./cells.ts";
import { faultRows } from "./rows.ts";

testCells("bitaxe-gamma", faultRows);
