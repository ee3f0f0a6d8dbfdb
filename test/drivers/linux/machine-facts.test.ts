import { expect, onTestFinished, test } from "vitest";
import { readMachineFacts } from "../../../drivers/linux/machine-facts.ts";
import { fakeTree } from "./fake-tree.ts";

test("a control board says its model, its buses and the serial ports that have hardware", async () => {
  const tree = treeForTest({
    "proc/device-tree/model": "Amlogic\0",
    "proc/device-tree/compatible": "amlogic,axg_s400\0amlogic,axg\0",
    "dev/i2c-1": "",
    "dev/i2c-10": "",
    "dev/i2c-0": "",
    "dev/i2c": "",
    "dev/ttyS2": "",
    "dev/ttyS10": "",
    "dev/ttyS3": "",
    "dev/tty1": "",
    "sys/class/tty/ttyS2/device/uevent": "",
    "sys/class/tty/ttyS2/type": "4\n",
    "sys/class/tty/ttyS10/device/uevent": "",
    "sys/class/tty/ttyS3/device/uevent": "",
    "sys/class/tty/ttyS3/type": "0\n", // the 8250 driver makes it on any machine
    "sys/class/tty/ttyS4/device/uevent": "", // no file in /dev
    "sys/class/tty/tty1/dev": "4:1\n",
  });
  expect(await readMachineFacts(tree)).toEqual({
    deviceTree: { model: "Amlogic", compatible: ["amlogic,axg_s400", "amlogic,axg"] },
    usb: [],
    i2cBuses: ["/dev/i2c-0", "/dev/i2c-1", "/dev/i2c-10"],
    uarts: ["/dev/ttyS2", "/dev/ttyS10"],
  });
});

test("a USB board has its serial ports by interface, whichever the kernel named first", async () => {
  const usb = "sys/bus/usb/devices";
  const tree = treeForTest({
    [`${usb}/usb1/idVendor`]: "1d6b\n",
    [`${usb}/1-1.4/idVendor`]: "c0de\n",
    [`${usb}/1-1.4/idProduct`]: "cafe\n",
    [`${usb}/1-1.4/manufacturer`]: "OSMU\n",
    [`${usb}/1-1.4/product`]: "Bitaxe\n",
    [`${usb}/1-1.4/serial`]: "e66164\n",
    [`${usb}/1-1.4/bcdDevice`]: "0101\n",
    [`${usb}/1-1.4:1.0/bInterfaceNumber`]: "00\n",
    [`${usb}/1-1.4:1.0/tty/ttyACM1/dev`]: "166:1\n",
    [`${usb}/1-1.4:1.1/bInterfaceNumber`]: "01\n",
    [`${usb}/1-1.4:1.2/bInterfaceNumber`]: "02\n",
    [`${usb}/1-1.4:1.2/tty/ttyACM0/dev`]: "166:0\n",
    [`${usb}/1-1/idVendor`]: "0403\n",
    [`${usb}/1-1/idProduct`]: "6001\n",
    [`${usb}/1-1:1.0/bInterfaceNumber`]: "00\n",
    [`${usb}/1-1:1.0/ttyUSB0/tty/ttyUSB0/dev`]: "188:0\n",
  });
  expect((await readMachineFacts(tree)).usb).toEqual([
    {
      ...{ vendorId: "0403", productId: "6001", manufacturer: "", product: "", serial: null },
      ...{ release: "", uarts: ["/dev/ttyUSB0"] },
    },
    {
      ...{ vendorId: "c0de", productId: "cafe", manufacturer: "OSMU", product: "Bitaxe" },
      ...{ serial: "e66164", release: "0101", uarts: ["/dev/ttyACM1", "/dev/ttyACM0"] },
    },
  ]);
});

test("an empty machine has no facts, and this one has none that cannot be read", async () => {
  expect(await readMachineFacts(treeForTest({}))).toEqual({
    deviceTree: { model: null, compatible: [] },
    usb: [],
    i2cBuses: [],
    uarts: [],
  });
  const here = await readMachineFacts();
  for (const path of [...here.i2cBuses, ...here.uarts]) expect(path).toMatch(/^\/dev\/\w/);
});

function treeForTest(files: Readonly<Record<string, string>>) {
  const tree = fakeTree(files);
  onTestFinished(() => tree[Symbol.dispose]());
  return tree;
}
