import { describe, expect, test } from "vitest";
import { deviceTreeEdits, fdtputArguments } from "../../../simulator/control-board/device-tree.ts";

describe("the edits of the device tree", () => {
  test("the three UARTs of the hashboards are switched on", () => {
    const enabled = deviceTreeEdits.filter((edit) => "set" in edit).map(({ node }) => node);
    expect(enabled.map((node) => node.slice(-7))).toEqual(["21ec000", "21f0000", "21f4000"]);
  });

  test("no UART keeps a DMA channel, which QEMU does not have", () => {
    const removed = deviceTreeEdits.filter((edit) => "remove" in edit);
    expect(removed.map(({ remove }) => remove)).toEqual(Array(5).fill(["dmas", "dma-names"]));
  });

  test("each is one command of fdtput", () => {
    const node = "/soc/serial@1";
    expect(fdtputArguments("b.dtb", { node, set: "status", text: "okay" })).toEqual(
      "-t s b.dtb /soc/serial@1 status okay".split(" "),
    );
    expect(fdtputArguments("b.dtb", { node, remove: ["dmas", "dma-names"] })).toEqual(
      "-d b.dtb /soc/serial@1 dmas dma-names".split(" "),
    );
  });
});
