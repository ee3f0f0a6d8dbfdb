/** What the configuration says about the machine, as the guard takes it. */
import type { LoadedConfig } from "../src/config/load.ts";
import type { MachineSettings } from "./guard/guard-setup.ts";

export function machineSettings({
  machine,
  paused,
}: Pick<LoadedConfig, "machine" | "paused">): MachineSettings {
  return {
    fans: machine?.fans ?? { mode: "auto" },
    paused,
    ...(machine?.frequencyMHz === undefined ? {} : { frequencyMHz: machine.frequencyMHz }),
    ...(machine?.board === undefined || machine.voltageV === undefined
      ? {}
      : { voltageV: machine.voltageV }),
    ...(machine?.limits === undefined ? {} : { limits: machine.limits }),
  };
}
