/**
 * A program: the guard as `asicd simulate` runs it, except that its clock takes notes. On SIGUSR2 it leaves them in the file
 * that the environment names.
 */
import { renameSync, writeFileSync } from "node:fs";
import { guardArguments, runGuardProcess } from "../../firmware/guard/guard-process.ts";
import { linuxPlatform } from "../../firmware/platform/linux-platform.ts";
import { connectMachine } from "../../simulator/ports/remote-machine.ts";
import { MeasuringClock } from "./measuring-clock.ts";

const args = guardArguments();
const { clock, openUart } = linuxPlatform();
const measuring = new MeasuringClock(clock);
process.on("SIGUSR2", () => {
  const file = process.env["ASICD_BENCH_SAMPLES"] ?? "";
  writeFileSync(`${file}.new`, JSON.stringify([...measuring.take()]));
  // Whoever waits for it sees it whole.
  renameSync(`${file}.new`, file);
});
await runGuardProcess(args, await connectMachine(args.portsSocket ?? "", measuring, openUart), {
  name: "simulated-miner",
  arguments: [args.runtimeDir],
});
