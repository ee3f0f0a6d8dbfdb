/** Reading one register of every chip, while they hash or before. */
import type { ChainWire } from "./chain-wire.ts";
import { readRegisterOfAll } from "./frame.ts";

/** No chip waits this long after its neighbour: 126 answers take 4 ms at 3.125 Mbaud, 121 ms at 115 200. */
const QUIET_MS = 100;

/** Values by chip address, of those that answered in time; of two answers from one address the first counts. */
export async function readAll(
  wire: ChainWire,
  register: number,
  chips: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, number>> {
  const values = new Map<number, number>();
  let answers = 0;
  await wire.ask(
    readRegisterOfAll(register),
    (value, address, answered) => {
      if (answered !== register) return "ignored";
      if (!values.has(address)) values.set(address, value);
      answers++;
      return answers >= chips ? "done" : "more";
    },
    QUIET_MS,
    signal,
  );
  return values;
}
