/** What a Linux machine says of itself without powering anything. What cannot be read is simply not there. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { MachineFacts, UsbFact } from "../../src/ports/machine-platform.ts";

/** Never rejects: a machine without a device tree, USB or I²C has none of their facts. */
export async function readMachineFacts({
  root = "/",
}: {
  readonly root?: string;
} = {}): Promise<MachineFacts> {
  const [model, compatible, usb, devices, ttys] = await Promise.all([
    readText(join(root, "proc/device-tree/model")),
    readText(join(root, "proc/device-tree/compatible")),
    readUsb(root),
    list(join(root, "dev")),
    readTtys(root),
  ]);
  return {
    deviceTree: { model: stringsOf(model)[0] ?? null, compatible: stringsOf(compatible) },
    usb,
    i2cBuses: inOrder(devices.filter((name) => /^i2c-\d+$/.test(name))).map(inDev),
    uarts: inOrder(ttys.filter((name) => devices.includes(name))).map(inDev),
  };
}

/** Serial devices with hardware behind them. */
async function readTtys(root: string): Promise<string[]> {
  const top = join(root, "sys/class/tty");
  const names = await list(top);
  const areReal = await Promise.all(
    names.map(async (name) => {
      // Consoles and pseudo-terminals have no device.
      if (!(await list(join(top, name))).includes("device")) return false;
      // The 8250 driver makes ttyS0 to ttyS3 on any machine; type 0 (PORT_UNKNOWN) is a port that is not there.
      return (await readText(join(top, name, "type")))?.trim() !== "0";
    }),
  );
  return names.filter((_, at) => areReal[at]);
}

async function readUsb(root: string): Promise<UsbFact[]> {
  const top = join(root, "sys/bus/usb/devices");
  const names = await list(top);
  // Devices are "1-1.2", their interfaces "1-1.2:1.0", the controllers' own hubs "usb1".
  const devices = inOrder(names.filter((name) => /^\d+-[\d.]+$/.test(name)));
  const facts = await Promise.all(
    devices.map(async (device): Promise<UsbFact | undefined> => {
      const attribute = async (name: string) =>
        (await readText(join(top, device, name)))?.trim() ?? null;
      const vendorId = await attribute("idVendor");
      if (vendorId === null) return undefined;
      const interfaces = names.filter((name) => name.startsWith(`${device}:`));
      return {
        vendorId,
        productId: (await attribute("idProduct")) ?? "",
        manufacturer: (await attribute("manufacturer")) ?? "",
        product: (await attribute("product")) ?? "",
        serial: await attribute("serial"),
        release: (await attribute("bcdDevice")) ?? "",
        uarts: await uartsOf(interfaces.map((name) => join(top, name))),
      };
    }),
  );
  return facts.filter((fact) => fact !== undefined);
}

/** By interface number: cdc_acm puts the name into a folder "tty", usb-serial into the interface's own. */
async function uartsOf(interfaces: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    interfaces.map(async (folder) => {
      const number = Number.parseInt((await readText(join(folder, "bInterfaceNumber"))) ?? "", 16);
      const names = [...(await list(join(folder, "tty"))), ...(await list(folder))];
      return { number, names: inOrder(names.filter((name) => /^tty(ACM|USB)\d+$/.test(name))) };
    }),
  );
  found.sort((a, b) => a.number - b.number);
  return found.flatMap(({ names }) => names.map(inDev));
}

function inDev(name: string): string {
  return `/dev/${name}`;
}

/** ttyS2 before ttyS10. */
function inOrder(names: string[]): string[] {
  return names.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/** The device tree ends each of its strings with NUL. */
function stringsOf(text: string | undefined): string[] {
  return (text ?? "").split("\0").filter((part) => part !== "");
}

function readText(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}

function list(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
