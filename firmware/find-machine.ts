/** Which machine this is: named in the file or detected, and reached through which devices. */
import { type Detection, detectMachine, usbDeviceOf } from "../boards/detect.ts";
import type { MachineSpec } from "../boards/machine-spec.ts";
import { machineById, machines } from "../boards/machines.ts";
import type { UnnamedMachine } from "../src/api/status.ts";
import type { LoadedConfig } from "../src/config/load.ts";
import { printable } from "../src/lib/bytes.ts";
import type { ConfigProblem } from "../src/lib/errors.ts";
import type { MachineFacts, MachinePlatform } from "../src/ports/machine-platform.ts";
import { probeFacts } from "./probe-facts.ts";

export interface FoundMachine {
  readonly is: "found";
  readonly spec: MachineSpec;
  /** Control port of a USB board. */
  readonly usbControl: string | undefined;
  /** Serial device of each chain. */
  readonly uarts: readonly string[];
}

/** Not known, refused, or not the named one. */
export interface NoMachine {
  readonly is: "unnamed";
  readonly unnamed: UnnamedMachine;
  /** Why no machine of this host is driven, only a board plugged into it; null: it is no such host. */
  readonly refusal: string | null;
  /** What it was judged by, but for the memories of hashboards. */
  readonly facts: MachineFacts;
  /** The same for whoever only wants to say it and end. */
  readonly problem: ConfigProblem;
}

/** Nothing is powered by it. */
export async function findMachine(
  { machine }: Pick<LoadedConfig, "machine">,
  platform: MachinePlatform,
): Promise<FoundMachine | NoMachine> {
  const probed = await probeFacts(platform);
  const board = machine?.board;
  const none = (reason: (detection: Detection) => Reason): NoMachine => {
    const { eeproms: _, ...facts } = probed;
    const detection = detectMachine(probed);
    const refusal = detection.refused === null ? null : detection.summary;
    return { is: "unnamed", ...reason(detection), refusal, facts };
  };
  const spec = board === undefined ? detectMachine(probed).matched : machineById(board);
  if (spec == null)
    return none(board === undefined ? undetected : (found) => undeclared(board, found));
  const device = usbDeviceOf(spec, probed);
  if (spec.match.usb !== undefined && device === undefined)
    return none((found) => notAttached(spec, found));
  return {
    is: "found",
    spec,
    usbControl: device?.uarts[0],
    uarts: spec.chains.map(({ uart }) => (device === undefined ? uart : (device.uarts[1] ?? uart))),
  };
}

type Reason = Pick<NoMachine, "unnamed" | "problem">;

function undetected(detection: Detection): Reason {
  const { refused, ambiguous, summary } = detection;
  return {
    unnamed:
      refused === null
        ? {
            code: ambiguous ? "ambiguous" : "unrecognised",
            why: summary,
            advice: "Look at the label of the machine and say which one it is (machine.board).",
            candidates: candidatesIn(detection),
          }
        : {
            code: "refused",
            why: summary,
            advice:
              "asicd drives no part of this machine; it would drive a USB board plugged into it.",
            candidates: candidatesIn(detection),
          },
    problem: problem(summary, "a machine that is detected, or one named in machine.board"),
  };
}

function undeclared(board: string, detection: Detection): Reason {
  const why = `"${printable(board, 40)}" is no declared machine`;
  return {
    unnamed: {
      code: "no-such-board",
      why,
      advice: "Name another one as machine.board, or none, so that it is detected.",
      candidates: candidatesIn(detection),
    },
    problem: problem(why, declaredIds()),
  };
}

function notAttached(spec: MachineSpec, detection: Detection): Reason {
  const { manufacturer = "", product = "" } = spec.match.usb ?? {};
  const why = `no single USB device "${manufacturer} ${product}" is attached`;
  return {
    unnamed: {
      code: "not-attached",
      why,
      advice: `Plug in one board of ${spec.name}: it is found by itself. Or name another machine.`,
      candidates: candidatesIn(detection).filter(({ id }) => id !== spec.id),
    },
    problem: problem(why, `one board of ${spec.name}`),
  };
}

/** On a refused host only a board behind USB, which does not care what its host is. */
function candidatesIn({ refused, candidates }: Detection): UnnamedMachine["candidates"] {
  return candidates.flatMap(({ id, why, whyNot }) => {
    const spec = machineById(id);
    if (spec === undefined || (refused !== null && spec.match.usb === undefined)) return [];
    return [{ id, name: spec.name, why: [...why], whyNot: [...whyNot] }];
  });
}

export function declaredIds(): string {
  return machines.map(({ id }) => id).join(", ");
}

function problem(text: string, allowed: string): ConfigProblem {
  return { path: "machine.board", problem: text, allowed };
}
