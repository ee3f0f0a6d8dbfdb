/** The guard's program under `asicd simulate`: the same guard, on a machine whose ports the simulated world serves. */
import { guardArguments, runGuardProcess } from "../firmware/guard/guard-process.ts";
import { linuxPlatform } from "../firmware/platform/linux-platform.ts";
import { connectMachine } from "./ports/remote-machine.ts";

const args = guardArguments();
const { clock, openUart } = linuxPlatform();
await runGuardProcess(args, await connectMachine(args.portsSocket ?? "", clock, openUart), {
  name: "simulated-miner",
  arguments: [args.runtimeDir],
});
