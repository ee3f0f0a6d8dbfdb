/** Whether a machine's chains may get power, and how many volts: what rests on thin evidence needs the operator's word. */
import type { MachineSpec, VoltageSpec } from "./machine-spec.ts";

export interface OperatorWord {
  /** Id of the machine. */
  readonly board?: string;
  readonly voltageV?: number;
}

export interface VoltageClamp {
  readonly minV: number;
  readonly maxV: number;
}

export type PowerPermission =
  | {
      readonly allowed: true;
      readonly startV: number;
      readonly workingV: number;
      /** What the operator should know, or null. */
      readonly note: string | null;
    }
  | { readonly allowed: false; readonly reason: string };

/** `clamp`: of the supply's type, once that has been read. All chains of a machine are declared with one voltage. */
export function mayPower(
  spec: MachineSpec,
  operator: OperatorWord = {},
  clamp: VoltageClamp | undefined,
  simulated: boolean,
): PowerPermission {
  const voltage = spec.chains[0]?.voltage;
  if (voltage === undefined) return refuse(`${spec.id} has no chains`);
  if (operator.board !== undefined && operator.board !== spec.id)
    return refuse(`the operator named ${operator.board}, this is ${spec.id}`);
  return operator.voltageV === undefined
    ? asDeclared(spec, voltage, clamp, simulated)
    : asTold(spec, voltage, operator, operator.voltageV, clamp, simulated);
}

/** The declaration's own volts. */
function asDeclared(
  spec: MachineSpec,
  voltage: VoltageSpec,
  clamp: VoltageClamp | undefined,
  simulated: boolean,
): PowerPermission {
  const { startV, workingV, source } = voltage;
  const outside = [startV, workingV].find((volts) => !isWithin(volts, clamp));
  if (outside !== undefined)
    return refuse(`${spec.id} wants ${outside} V, the supply gives ${rangeOf(clamp)}`);
  if (isKnown(voltage)) return { allowed: true, startV, workingV, note: null };
  if (simulated)
    return {
      allowed: true,
      startV,
      workingV,
      note: `${workingV} V are an assumption of the simulation (${source})`,
    };
  return refuse(
    `no voltage of ${spec.id} is known for certain (${source}); to take it upon yourself, name both the board and its voltage` +
      (clamp === undefined ? "" : ` (the supply gives ${rangeOf(clamp)})`),
  );
}

/** The operator's volts, from start to work: nobody has said what they are raised to while chips are enumerated. */
function asTold(
  spec: MachineSpec,
  voltage: VoltageSpec,
  { board }: OperatorWord,
  voltageV: number,
  clamp: VoltageClamp | undefined,
  simulated: boolean,
): PowerPermission {
  const { offered } = voltage;
  if (!(voltageV > 0 && Number.isFinite(voltageV))) return refuse(`${voltageV} V is no voltage`);
  if (!isKnown(voltage) && board === undefined && !simulated)
    return refuse(`a voltage alone is not enough for ${spec.id}: name the board too`);
  if (clamp === undefined && offered === undefined && !simulated)
    return refuse(`${voltageV} V cannot be checked: the supply has not told its type`);
  if (!isWithin(voltageV, clamp))
    return refuse(`the operator wants ${voltageV} V, the supply gives ${rangeOf(clamp)}`);
  if (!isWithin(voltageV, offered))
    return refuse(`the operator wants ${voltageV} V, ${spec.id} takes ${rangeOf(offered)}`);
  return {
    allowed: true,
    startV: voltageV,
    workingV: voltageV,
    note: `${voltageV} V on the operator's word`,
  };
}

function isKnown({ evidence }: VoltageSpec): boolean {
  return evidence === "captured" || evidence === "driver";
}

function isWithin(voltageV: number, range: VoltageClamp | undefined): boolean {
  return range === undefined || (voltageV >= range.minV && voltageV <= range.maxV);
}

function rangeOf(range: VoltageClamp | undefined): string {
  return range === undefined ? "nothing known" : `${range.minV} to ${range.maxV} V`;
}

function refuse(reason: string): PowerPermission {
  return { allowed: false, reason };
}
