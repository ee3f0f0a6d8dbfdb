/** For its effect, and before anything else of the program: from now on the signal blocks it instead of ending it. */
import { blockOnSignal } from "./blocked-loop.ts";

blockOnSignal(process.argv[2] ?? "");
