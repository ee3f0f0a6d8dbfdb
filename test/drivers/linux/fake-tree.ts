/** A piece of /sys, /proc and /dev in a temporary folder: files without a kernel behind them. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface FakeTree extends Disposable {
  readonly root: string;
  /** Makes files by path, and the folders above them. */
  add(files: Readonly<Record<string, string>>): void;
  /** `undefined` where there is no such file. */
  read(path: string): string | undefined;
}

export function fakeTree(files: Readonly<Record<string, string>> = {}): FakeTree {
  const root = mkdtempSync(join(tmpdir(), "asicd-tree-"));
  const add = (more: Readonly<Record<string, string>>) => {
    for (const [path, content] of Object.entries(more)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
  };
  add(files);
  return {
    root,
    add,
    read: (path) =>
      existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : undefined,
    [Symbol.dispose]: () => rmSync(root, { recursive: true }),
  };
}

/** A Bitaxe Gamma behind USB, with both of its serial ports. */
export const bitaxeOnUsb: Readonly<Record<string, string>> = {
  "sys/bus/usb/devices/1-1/idVendor": "c0de\n",
  "sys/bus/usb/devices/1-1/manufacturer": "OSMU\n",
  "sys/bus/usb/devices/1-1/product": "Bitaxe Gamma\n",
  "sys/bus/usb/devices/1-1:1.0/bInterfaceNumber": "00\n",
  "sys/bus/usb/devices/1-1:1.0/tty/ttyACM0/dev": "166:0\n",
  "sys/bus/usb/devices/1-1:1.2/bInterfaceNumber": "02\n",
  "sys/bus/usb/devices/1-1:1.2/tty/ttyACM1/dev": "166:1\n",
};

/** A line that is exported already; "?" is a level that nobody has written. */
export function exportedLine(number: number, value = "?"): Record<string, string> {
  const folder = `sys/class/gpio/gpio${number}`;
  return {
    "sys/class/gpio/export": "",
    [`${folder}/direction`]: "in\n",
    [`${folder}/value`]: value,
    [`${folder}/active_low`]: "1\n",
    [`${folder}/edge`]: "none\n",
  };
}

/** The level that a kernel would drive after what was written to the files. */
export function drivenLevel(tree: FakeTree, number: number): 0 | 1 | undefined {
  const folder = `sys/class/gpio/gpio${number}`;
  const value = tree.read(`${folder}/value`)?.trim();
  if (value === "0" || value === "1") return value === "1" ? 1 : 0;
  const direction = tree.read(`${folder}/direction`)?.trim();
  return direction === "high" ? 1 : direction === "low" ? 0 : undefined;
}
