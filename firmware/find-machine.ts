/** Which machine this is: named in the file or detected, and reached through which devices. */
import { type Detection, detectMachine, usbDeviceOf } from "../boards/detect.ts";
import type { ProbedFacts } from "../boards/expected-facts.ts";
import type { MachineSpec } from "../boards/machine-spec.ts";
import { machineById, machines } from "../boards/machines.ts";
import type { LoadedConfig } from "../src/config/load.ts";
import { ConfigError } from "../src/lib/errors.ts";
import type { MachinePlatform } from "../src/ports/machine-platform.ts";
import { probeFacts } from "./probe-facts.ts";

export interface FoundMachine {
  readonly spec: MachineSpec;
  /** Control port of a USB board. */
  readonly usbControl: string | undefined;
  /** Serial device of each chain. */
  readonly uarts: readonly string[];
}

/** Throws ConfigError when the machine is not known, refused, or not the named one; nothing was powered. */
export async function findMachine(
  { machine }: Pick<LoadedConfig, "machine">,
  platform: MachinePlatform,
): Promise<FoundMachine> {
  const facts = await probeFacts(platform);
  const spec = machine?.board === undefined ? detected(facts) : named(machine.board);
  const device = usbDeviceOf(spec, facts);
  if (spec.match.usb !== undefined && device === undefined) {
    const { manufacturer, product } = spec.match.usb;
    throw problem(
      `no single USB device "${manufacturer} ${product}" is attached`,
      `one board of ${spec.name}`,
    );
  }
  return {
    spec,
    usbControl: device?.uarts[0],
    uarts: spec.chains.map(({ uart }) => (device === undefined ? uart : (device.uarts[1] ?? uart))),
  };
}

function detected(facts: ProbedFacts): MachineSpec {
  const { matched, summary }: Detection = detectMachine(facts);
  if (matched !== null) return matched;
  throw problem(summary, "a machine that is detected, or one named in machine.board");
}

function named(board: string): MachineSpec {
  const spec = machineById(board);
  if (spec !== undefined) return spec;
  throw problem(`"${board}" is no declared machine`, machines.map(({ id }) => id).join(", "));
}

function problem(text: string, allowed: string): ConfigError {
  return new ConfigError([{ path: "machine.board", problem: text, allowed }]);
}
