import { testCells } from "./cells.ts";
import { rowsAround } from "./rows-around.ts";

testCells("s19j-pro", rowsAround);
