/** Boards behind USB: one port that tunnels I²C and pins, one that is the chips' UART (bitaxe-raw protocol [D]). */
import type { BusRef, ControlBoardSpec } from "../machine-spec.ts";

/** Any Linux machine: nothing of it is used but USB. */
export const usbHost: ControlBoardSpec = {
  name: "USB",
  compatible: [],
  leds: [],
  buttons: [],
  evidence: "driver",
  source: "mujina's bitaxe-raw protocol",
};

export const usbBus: BusRef = { via: "usb" };
