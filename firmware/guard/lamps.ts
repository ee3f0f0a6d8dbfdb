/** The lamps of the control board: green while boards hash, red while anything has tripped. Nobody's safety hangs on them. */
import type { ControlBoardSpec, LineRef } from "../../boards/machine-spec.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { OutputLine } from "../../src/ports/lines.ts";
import type { OpenPorts } from "./open-ports.ts";

export interface Lamps {
  show(state: { readonly isHashing: boolean; readonly isTripped: boolean }): void;
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
    show(state) {
      const text = JSON.stringify(state);
      if (text === shown) return;
      shown = text;
      void green?.set(state.isHashing && !state.isTripped).catch(() => {});
      void red?.set(state.isTripped).catch(() => {});
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
