/** Whether a machine's facts fit what a declaration is recognised by: one verdict for each criterion, with its reason. */
import type { UsbFact } from "../src/ports/machine-platform.ts";
import type { BoardIdentity } from "../src/ports/peripherals.ts";
import type { EepromFact, ProbedFacts } from "./expected-facts.ts";
import type { MachineMatch } from "./machine-spec.ts";

/** fits: as declared. open: nothing against it, and not enough for it. against: it is something else. */
export type Verdict = {
  readonly is: "fits" | "open" | "against";
  /** How much it says about the machine. */
  readonly points: number;
  readonly why: string;
};

/** An exact name says more than a family, and a family more than nothing. */
const POINTS = { compatible: 10, model: 10, usb: 20, board: 20, family: 5 } as const;

/** One for each criterion that the declaration has. */
export function verdictsOf(match: MachineMatch, facts: ProbedFacts): readonly Verdict[] {
  const verdicts: Verdict[] = [];
  if (match.compatible !== undefined) verdicts.push(compatibleVerdict(match.compatible, facts));
  if (match.model !== undefined) verdicts.push(modelVerdict(match.model, facts));
  if (match.usb !== undefined) verdicts.push(usbVerdict(match.usb, facts));
  if (match.eepromBoard !== undefined) verdicts.push(memoryVerdict(match, facts.eeproms));
  return verdicts;
}

function compatibleVerdict(wanted: readonly string[], { deviceTree }: ProbedFacts): Verdict {
  const found = deviceTree.compatible.find((name) => wanted.includes(name));
  if (found !== undefined) return fits(POINTS.compatible, `device tree: "${found}"`);
  const says =
    deviceTree.compatible.length === 0
      ? "there is no device tree"
      : `the device tree says ${quoted(deviceTree.compatible)}`;
  return against(`${says}, not ${quoted(wanted)}`);
}

function modelVerdict(wanted: string, { deviceTree: { model } }: ProbedFacts): Verdict {
  return model?.includes(wanted)
    ? fits(POINTS.model, `device tree's model: "${model}"`)
    : against(`the device tree's model is ${model === null ? "unknown" : `"${model}"`}`);
}

/** The devices that are of this make, or may be: firmware that tells no model calls itself by the first word of it. */
export function usbDevicesLike(
  { manufacturer, product }: NonNullable<MachineMatch["usb"]>,
  usb: readonly UsbFact[],
): readonly UsbFact[] {
  return usb.filter(
    (device) =>
      device.manufacturer === manufacturer &&
      (device.product === product || product.startsWith(`${device.product} `)),
  );
}

function usbVerdict(wanted: NonNullable<MachineMatch["usb"]>, { usb }: ProbedFacts): Verdict {
  const [device, ...others] = usbDevicesLike(wanted, usb);
  const name = `USB device ${wanted.manufacturer} ${wanted.product}`;
  if (device === undefined) return against(`no ${name}`);
  const open = (why: string): Verdict => ({ is: "open", points: POINTS.family, why });
  if (others.length > 0)
    return open(`${others.length + 1} boards of this make on USB; one can be served`);
  if (device.uarts.length < 2)
    return open(`its USB device has ${device.uarts.length} of 2 serial ports`);
  if (device.product === wanted.product) return fits(POINTS.usb, name);
  return open(`USB device ${device.manufacturer} ${device.product}, which does not tell its model`);
}

/** Boards of other kinds in the same machine speak against it; silent memories do not. */
function memoryVerdict(match: MachineMatch, eeproms: readonly EepromFact[] | undefined): Verdict {
  const open = (points: number, why: string): Verdict => ({ is: "open", points, why });
  if (eeproms === undefined) return open(0, "no hashboard's memory was read");
  const verdicts = eeproms.map((fact) => identityVerdict(match, fact));
  return (
    verdicts.find(({ is }) => is === "against") ??
    verdicts.find(({ is }) => is === "fits") ??
    verdicts.find(({ points }) => points > 0) ??
    verdicts.find(({ why }) => why !== SILENT) ??
    open(0, "no hashboard's memory answers")
  );
}

const SILENT = "silent";

function identityVerdict(
  { eepromBoard = [], eepromHeader }: MachineMatch,
  { bus, address, identity }: EepromFact,
): Verdict {
  const where = `memory at ${bus} 0x${address.toString(16)}`;
  if (identity === null) return { is: "open", points: 0, why: SILENT };
  const { boardName, format } = identity;
  const header = headerOf(identity);
  if (boardName !== null && boardName !== header) {
    return eepromBoard.some((start) => boardName.startsWith(start))
      ? fits(POINTS.board, `${where}: board ${boardName}`)
      : against(`${where}: board ${boardName}, not ${quoted(eepromBoard)}`);
  }
  if (header === undefined) {
    const why = `${where}: ${format}`;
    return format.startsWith("unreadable") ? { is: "open", points: 0, why } : against(why);
  }
  if (header !== eepromHeader) return against(`${where}: header ${header}, not ${eepromHeader}`);
  const why = `${where}: header ${header}, as all boards of its family; its name cannot be read`;
  return { is: "open", points: POINTS.family, why };
}

/** First bytes of a memory whose format is not known. */
function headerOf({ format }: BoardIdentity): string | undefined {
  return /header ([0-9a-f]{4})/.exec(format)?.[1];
}

function fits(points: number, why: string): Verdict {
  return { is: "fits", points, why };
}

function against(why: string): Verdict {
  return { is: "against", points: 0, why };
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(" or ");
}
