/**
 * The lamps of the control board: green while boards hash, red while anything has tripped, both in turns while somebody
 * looks for the machine. Nobody's safety hangs on them.
 */
import type { ControlBoardSpec, LineRef } from "../../boards/machine-spec.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { OutputLine } from "../../src/ports/lines.ts";
import type { OpenPorts } from "./open-ports.ts";

export interface LampState {
  readonly isHashing: boolean;
  readonly isTripped: boolean;
  /** In which half of its blinking the lamp is; null: it does not blink. */
  readonly blink: "green" | "red" | null;
}

/** Of each color: slow enough to be seen across a room, too regular for anything else. */
const BLINK_MS = 500;

/** What a machine that is looked for shows at this moment. */
export function blinkAt(nowMs: number): "green" | "red" {
  return Math.floor(nowMs / BLINK_MS) % 2 === 0 ? "green" : "red";
}

export interface Lamps {
  show(state: LampState): void;
}

/** Lamps that are not there are left out. */
export async function openLamps(
  { leds }: Pick<ControlBoardSpec, "leds">,
  ports: Pick<OpenPorts, "openOutput">,
  log: Logger,
): Promise<Lamps> {
  const green = await openLamp(leds, "green", ports, log);
  const red = await openLamp(leds, "red", ports, log);
  let shown = "";
  return {
    show({ isHashing, isTripped, blink }) {
      const isGreen = blink === null ? isHashing && !isTripped : blink === "green";
      const isRed = blink === null ? isTripped : blink === "red";
      const text = `${isGreen} ${isRed}`;
      if (text === shown) return;
      shown = text;
      void green?.set(isGreen).catch(() => {});
      void red?.set(isRed).catch(() => {});
    },
  };
}

async function openLamp(
  leds: readonly LineRef[],
  color: string,
  ports: Pick<OpenPorts, "openOutput">,
  log: Logger,
): Promise<OutputLine | undefined> {
  const ref = leds.find(({ label }) => label.includes(color));
  if (ref === undefined) return undefined;
  try {
    return await ports.openOutput(ref, false);
  } catch (error) {
    log.debug({ lamp: ref.label, err: error }, "no such lamp");
    return undefined;
  }
}
