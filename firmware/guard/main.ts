/** The guard's program on a machine. */
import { linuxMachine } from "../platform/linux-machine.ts";
import { guardArguments, runGuardProcess } from "./guard-process.ts";

await runGuardProcess(guardArguments(), linuxMachine(), { name: "miner", arguments: [] });
