/** The machines of a run: whole simulations, started at once because each needs half a minute until it mines. */
import type { Persona } from "../../src/api/status.ts";
import { start } from "../interop/children.ts";
import { freePort } from "../interop/ports.ts";
import { processSubject } from "./process-subject.ts";
import type { Subject } from "./subject.ts";

/** Late enough that all clients have read what was before, on two busy cores too. */
const FAN_STOPS_AFTER_S = 120;
/** That of a service that no machine of today offers (tcpmux, RFC 1078): a pool that is dead and stays so. */
const DEAD_PORT = 1;
/** The sample key of the reference implementation, which simulated pools have. */
const POOL_KEY = "9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72";

export type SimulationName =
  | "antminer"
  | "axeos"
  | "none"
  | "antminer in trouble"
  | "axeos in trouble";

interface Machine {
  readonly board: string;
  readonly persona: Persona;
  readonly address: string;
  readonly options: readonly string[];
}

export interface Simulations extends AsyncDisposable {
  /** Rejects with Error that says why it is not there. */
  of(name: SimulationName): Promise<Subject>;
}

/** `program` is the built asicd.js. */
export async function startSimulations(
  program: string,
  note: (text: string) => void,
): Promise<Simulations> {
  const goodPort = await freePort();
  const pool = start("pool", process.execPath, [
    ...[program, "simulate-pool", "--listen", `127.0.0.1:${goodPort}`],
  ]);
  const poolOptions = [DEAD_PORT, goodPort].flatMap((port) => [
    ...["--pool", `stratum2+tcp://127.0.0.1:${port}/${POOL_KEY}`],
  ]);
  const fanStops = (fan: string) => [
    ...["--fault", `${FAN_STOPS_AFTER_S}s fan-stalled fan="${fan}" tach=0`],
  ];
  const machines: Readonly<Record<SimulationName, Machine>> = {
    "antminer in trouble": {
      board: "s19j-pro",
      persona: "antminer",
      address: "127.0.0.14",
      options: [...poolOptions, "--fault", "0s board-unplugged chain=1", ...fanStops("front fans")],
    },
    "axeos in trouble": {
      board: "bitaxe-gamma",
      persona: "axeos",
      address: "127.0.0.15",
      // As AxeOS itself has it: nothing at 4028.
      options: [...poolOptions, ...fanStops("fan"), "--set", "compat.cgminer.enabled=false"],
    },
    antminer: { board: "s19j-pro", persona: "antminer", address: "127.0.0.11", options: [] },
    axeos: { board: "bitaxe-gamma", persona: "axeos", address: "127.0.0.12", options: [] },
    none: {
      board: "virtual-bm1362",
      persona: "none",
      address: "127.0.0.13",
      // It is only looked for.
      options: ["--set", "paused=true"],
    },
  };
  const started = new Map<string, Promise<Subject & AsyncDisposable>>();
  // One after the other: each measures how much this computer can hash, and they are read in this order.
  let before: Promise<unknown> = Promise.resolve();
  for (const [name, machine] of Object.entries(machines)) {
    const subject = before.then(() => processSubject({ program, ...machine, note }));
    started.set(name, subject);
    // Whoever asks for it hears of it.
    before = subject.catch(() => undefined);
  }
  return {
    async of(name) {
      const subject = started.get(name);
      if (subject === undefined) throw new RangeError(`no machine ${name}`);
      return subject;
    },
    async [Symbol.asyncDispose]() {
      for (const subject of started.values())
        await subject.then(
          (one) => one[Symbol.asyncDispose](),
          () => undefined,
        );
      await pool.end();
    },
  };
}
