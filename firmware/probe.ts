/** The command `asicd probe`: what hardware is here, which machine that is, and why. Powers nothing. */
import { detectMachine } from "../boards/detect.ts";
import type { ProbedFacts } from "../boards/expected-facts.ts";
import { type Command, type CommandContext, exitCodes } from "./cli/command.ts";
import { linuxMachine } from "./platform/linux-machine.ts";
import { probeFacts } from "./probe-facts.ts";

export const probeCommand: Command = {
  name: "probe",
  summary: "tell which machine this is, and why",
  usage: "[--json]",
  description: `Reads what can be read without power: the device tree, USB devices, I²C buses, serial devices, and the memories of
hashboards. Nothing is switched on and nothing is written.`,
  options: { json: { type: "boolean", description: "print everything as JSON" } },
  examples: ["asicd probe", "asicd probe --json"],
  run: async (args, context) => {
    const json = args.flag("json");
    args.finish();
    showProbe(await probeFacts(linuxMachine()), json, context);
    return exitCodes.ok;
  },
};

export function showProbe(facts: ProbedFacts, json: boolean, context: CommandContext): void {
  const detection = detectMachine(facts);
  const { matched, refused, ambiguous, candidates, summary } = detection;
  if (json) {
    const result = {
      board: matched?.id ?? null,
      name: matched?.name ?? null,
      refused: refused && { id: refused.id, name: refused.name, reason: refused.reason },
      ambiguous,
      summary,
      candidates,
      facts,
    };
    context.stdout(`${JSON.stringify(result, undefined, 2)}\n`);
    return;
  }
  context.stdout(`${summary}\n`);
  const { deviceTree, usb, i2cBuses, uarts } = facts;
  context.stdout(
    [
      "",
      `device tree: ${deviceTree.model ?? "none"}${deviceTree.compatible.length > 0 ? ` (${deviceTree.compatible.join(", ")})` : ""}`,
      `I²C buses: ${i2cBuses.join(", ") || "none"}`,
      `serial devices: ${uarts.join(", ") || "none"}`,
      ...usb.map((one) => `USB: ${one.manufacturer} ${one.product} on ${one.uarts.join(", ")}`),
      ...(facts.eeproms ?? []).map(
        ({ bus, address, identity }) =>
          `hashboard memory ${bus} 0x${address.toString(16)}: ${identity === null ? "nobody answers" : `${identity.boardName ?? "no name"} (${identity.format})`}`,
      ),
      "",
    ].join("\n"),
  );
}
