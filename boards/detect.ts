/** Which declared machine this is, from facts that need no power. A guess is never an answer. */
import type { MachineFacts, UsbFact } from "../src/ports/machine-platform.ts";
import { i2cPathsOf, type ProbedFacts } from "./expected-facts.ts";
import type { MachineSpec, RefusedMachine } from "./machine-spec.ts";
import { machines, refusedMachines } from "./machines.ts";
import { usbDevicesLike, type Verdict, verdictsOf } from "./match.ts";

export interface Candidate {
  readonly id: string;
  readonly score: number;
  /** What speaks for it. */
  readonly why: readonly string[];
  /** What speaks against it, or is missing; empty: everything fits. */
  readonly whyNot: readonly string[];
}

export interface Detection {
  readonly matched: MachineSpec | null;
  readonly refused: RefusedMachine | null;
  /** Of which at least one thing fits, the likeliest first. */
  readonly candidates: readonly Candidate[];
  /** Several are equally likely: the operator has to name one. */
  readonly ambiguous: boolean;
  /** For the operator: what was found, and what to do next. */
  readonly summary: string;
}

/** What matched when all of the declaration's criteria fit; of several, the one with the most that fits. */
export function detectMachine(facts: ProbedFacts): Detection {
  const judged = machines
    .map((spec) => judge(spec, facts))
    .filter(({ candidate }) => candidate.score > 0)
    .sort((a, b) => b.candidate.score - a.candidate.score);
  const candidates = judged.map(({ candidate }) => candidate);
  const refused = refusedBy(facts);
  // A board behind USB does not care what its host is.
  const served = refused === null ? judged : judged.filter(({ spec }) => spec.match.usb);
  const whole = leadersOf(served.filter(({ candidate }) => candidate.whyNot.length === 0));
  const likely = leadersOf(served.filter(({ isRuledOut }) => !isRuledOut));
  const matched = whole.length === 1 ? (whole[0]?.spec ?? null) : null;
  const contenders = whole.length > 0 ? whole : likely;
  const ambiguous = matched === null && contenders.length > 1;
  return {
    matched,
    refused: matched === null ? refused : null,
    candidates,
    ambiguous,
    summary: summaryOf(matched, refused, ambiguous ? contenders : [], candidates),
  };
}

/** The USB device of a machine that was matched or named; `undefined` when there is none, or more than one. */
export function usbDeviceOf(
  { match }: MachineSpec,
  facts: Pick<MachineFacts, "usb">,
): UsbFact | undefined {
  const devices = match.usb === undefined ? [] : usbDevicesLike(match.usb, facts.usb);
  return devices.length === 1 ? devices[0] : undefined;
}

interface Judged {
  readonly spec: MachineSpec;
  readonly candidate: Candidate;
  /** It is something else: no reading of the facts makes it this machine. */
  readonly isRuledOut: boolean;
}

function judge(spec: MachineSpec, facts: ProbedFacts): Judged {
  const verdicts = verdictsOf(spec.match, facts);
  const score = scoreOf(verdicts);
  const missing = score === 0 ? [] : missingDevices(spec, facts);
  const isRuledOut = verdicts.some(({ is }) => is === "against");
  return {
    spec,
    isRuledOut,
    candidate: {
      id: spec.id,
      score,
      why: verdicts.filter(({ points }) => points > 0).map(({ why }) => why),
      whyNot: [...verdicts.filter(({ is }) => is !== "fits").map(({ why }) => why), ...missing],
    },
  };
}

/** What every control board of the kind has: without it the kernel is another one, or the board is broken. */
function missingDevices(spec: MachineSpec, facts: ProbedFacts): readonly string[] {
  const uarts = spec.chains.map(({ uart }) => uart).filter((uart) => uart !== "usb");
  return [
    ...uarts.filter((uart) => !facts.uarts.includes(uart)),
    ...i2cPathsOf(spec).filter((path) => !facts.i2cBuses.includes(path)),
  ].map((path) => `there is no ${path}`);
}

function scoreOf(verdicts: readonly Verdict[]): number {
  return verdicts.reduce((sum, { points }) => sum + points, 0);
}

/** Those with the most points, of a list that begins with them. */
function leadersOf(sorted: readonly Judged[]): readonly Judged[] {
  return sorted.filter(({ candidate }) => candidate.score === sorted[0]?.candidate.score);
}

function refusedBy(facts: ProbedFacts): RefusedMachine | null {
  const found = refusedMachines
    .map((machine) => ({ machine, verdicts: verdictsOf(machine.match, facts) }))
    .filter(({ verdicts }) => verdicts.every(({ is }) => is === "fits"))
    .sort((a, b) => scoreOf(b.verdicts) - scoreOf(a.verdicts));
  return found[0]?.machine ?? null;
}

function summaryOf(
  matched: MachineSpec | null,
  refused: RefusedMachine | null,
  contenders: readonly Judged[],
  candidates: readonly Candidate[],
): string {
  if (matched !== null) return `this is ${matched.name} (${matched.id})`;
  if (refused !== null) return `this is ${refused.name}; it cannot be served: ${refused.reason}`;
  if (contenders.length > 0) {
    const ids = contenders.map(({ spec }) => spec.id).join(", ");
    return `this may be any of ${ids}; nothing that can be read without power tells which: name the board`;
  }
  const [likeliest] = candidates;
  return likeliest === undefined
    ? "no machine that is known"
    : `this looks like ${likeliest.id}, but: ${likeliest.whyNot.join("; ")}`;
}
