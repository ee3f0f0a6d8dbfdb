/** A control board of which only files are there: what tells one from another, and nothing that answers. */
import { expectedFacts } from "../../boards/expected-facts.ts";
import type { MachineSpec } from "../../boards/machine-spec.ts";
import { machineById } from "../../boards/machines.ts";
import { readMachineFacts } from "../../drivers/linux/machine-facts.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { DeviceError } from "../../src/lib/errors.ts";
import type { MachinePlatform } from "../../src/ports/machine-platform.ts";
import type { FakeTree } from "../drivers/linux/fake-tree.ts";

/** What the control board of this machine shows in its files; nothing answers on its buses. */
export function controlBoardOf(id: string): Record<string, string> {
  const { deviceTree, i2cBuses, uarts } = expectedFacts(machineById(id) as MachineSpec);
  const files: Record<string, string> = {
    "proc/device-tree/compatible": deviceTree.compatible.map((name) => `${name}\0`).join(""),
  };
  if (deviceTree.model !== null) files["proc/device-tree/model"] = `${deviceTree.model}\0`;
  for (const path of i2cBuses) files[path.slice(1)] = "";
  for (const path of uarts) {
    files[path.slice(1)] = "";
    files[path.replace("/dev", "sys/class/tty").concat("/device/uevent")] = "";
  }
  return files;
}

/** Reads these files; whatever else somebody opens is refused and counted. */
export function filesPlatform({ root }: FakeTree) {
  const opened: string[] = [];
  const refuse = (what: string) => () => {
    opened.push(what);
    return Promise.reject(new DeviceError(what, "open", "gone"));
  };
  const platform: MachinePlatform = {
    clock: new VirtualClock(),
    readFacts: () => readMachineFacts({ root }),
    openI2c: () => Promise.reject(new DeviceError("i2c", "open", "gone")),
    openOutput: refuse("output"),
    openInput: refuse("input"),
    openPwm: refuse("pwm"),
    openTachometer: refuse("tachometer"),
    openWatchdog: refuse("watchdog"),
    openUart: refuse("uart"),
  };
  return { platform, opened };
}
