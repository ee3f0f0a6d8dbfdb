/** What the kernel must be told about this board beyond Debian's imx6q-sabrelite.dtb. */
import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";

export type DeviceTreeEdit =
  | { readonly node: string; readonly set: string; readonly text: string }
  | { readonly node: string; readonly remove: readonly string[] };

const UARTS = [
  { node: "/soc/bus@2000000/spba-bus@2000000/serial@2020000", isEnabled: true },
  { node: "/soc/bus@2100000/serial@21e8000", isEnabled: true },
  { node: "/soc/bus@2100000/serial@21ec000", isEnabled: false },
  { node: "/soc/bus@2100000/serial@21f0000", isEnabled: false },
  { node: "/soc/bus@2100000/serial@21f4000", isEnabled: false },
] as const;

export const deviceTreeEdits: readonly DeviceTreeEdit[] = UARTS.flatMap(({ node, isEnabled }) => [
  ...(isEnabled ? [] : [{ node, set: "status", text: "okay" }]),
  // QEMU has no SDMA: a UART that the kernel gives to it never sends a byte.
  { node, remove: ["dmas", "dma-names"] },
]);

/** Throws Error with what fdtput said. */
export function writeDeviceTree(from: string, to: string): void {
  copyFileSync(from, to);
  for (const edit of deviceTreeEdits) execFileSync("fdtput", fdtputArguments(to, edit));
}

export function fdtputArguments(file: string, edit: DeviceTreeEdit): string[] {
  return "set" in edit
    ? ["-t", "s", file, edit.node, edit.set, edit.text]
    : ["-d", file, edit.node, ...edit.remove];
}
