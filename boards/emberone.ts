/** emberOne/00: twelve BM1362 on a USB board. Nobody's firmware has hashed with it yet [?]. */
import { ds4432uEmberOne } from "../drivers/power/ds4432u.ts";
import { tmp1075 } from "../drivers/sensors/lm75.ts";
import { tmp451Local, tmp451Remote } from "../drivers/sensors/tmp451.ts";
import { emberOneChain } from "./chains.ts";
import { usbBus, usbHost } from "./control-boards/usb.ts";
import { chipLimits, hashboardLimits } from "./limits.ts";
import type { MachineSpec, Source } from "./machine-spec.ts";
import { usbPin } from "./parts.ts";

const mujina: Source = { evidence: "driver", source: "mujina emberone00.rs" };

export const emberOne: MachineSpec = {
  id: "emberone",
  name: "emberOne/00",
  controlBoard: usbHost,
  match: { usb: { manufacturer: "256F", product: "EmberOne00" } }, // emberone-usbserial-fw [D]
  chains: [
    {
      chain: emberOneChain,
      uart: "usb",
      reset: usbPin("reset", 0, "low"), // emberone-usbserial-fw [D]
      enable: usbPin("core supply", 1, "high"), // emberone-usbserial-fw [D]
      voltage: {
        startV: 3.6,
        workingV: 3.6,
        offered: { minV: 2.875, maxV: 4.324 }, // [D]
        evidence: "thin",
        source: "what its regulator's resistors give while nothing corrects it",
      },
      sensors: [
        {
          name: "board left",
          place: "board",
          driver: tmp1075,
          bus: usbBus,
          address: 0x4a,
          ...mujina,
        },
        {
          name: "board right",
          place: "board",
          driver: tmp451Local,
          bus: usbBus,
          address: 0x49,
          ...mujina,
        },
        {
          // Seven degrees too high at room temperature, which mujina corrects [?] and we, on the safe side, do not.
          name: "chip 0 diode",
          place: "chip",
          driver: tmp451Remote,
          bus: usbBus,
          address: 0x49,
          ...mujina,
        },
      ],
      mayRunWithFewerChips: true,
    },
  ],
  fans: [],
  fansRequired: 0, // its firmware knows no fan [D]: cooling is the operator's
  supply: {
    driver: ds4432uEmberOne,
    bus: usbBus,
    address: 0x48,
    enable: usbPin("I/O supply", 2, "high"), // emberone-usbserial-fw [D]; comes before the core's, as in mujina
    evidence: "thin",
    source: "part of skot's emberone-miner; that the I/O supply comes first of mujina",
  },
  limits: { board: hashboardLimits, chip: chipLimits },
  backstop: {
    by: "nothing",
    why: "the board goes on without the host, and its firmware watches nothing",
  },
  pollMs: 1_000,
  startDelayMs: 0, // one chain
  evidence:
    "USB protocol and sensors of mujina and the board's firmware; bring-up and voltage inferred",
};
