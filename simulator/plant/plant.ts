/** The simulated machine around the chips, built from a declaration: electricity at once, heat and air in steps. */
import { expectedFacts } from "../../boards/expected-facts.ts";
import type { LineRef, MachineSpec } from "../../boards/machine-spec.ts";
import { Signal } from "../../src/lib/signal.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { MachineFacts, MachinePlatform } from "../../src/ports/machine-platform.ts";
import { SeededRandom } from "../chain/random.ts";
import { type Assumptions, defaultAssumptions } from "./assumptions.ts";
import type { BitaxeRawModel } from "./bitaxe-raw-model.ts";
import { BoardModel, type PoweredChain } from "./board-model.ts";
import { buildMachine, type MachineModels } from "./build-machine.ts";
import { applyFaults } from "./fault-effects.ts";
import { type PlantFault, type ScheduledFault, whyNotApplicable } from "./faults.ts";
import { levelOf } from "./line-model.ts";
import { PlantReporter } from "./plant-reporter.ts";
import { type PlantState, plantState } from "./plant-state.ts";
import { SimulatedMachine } from "./simulated-machine.ts";
import { WorldRecord } from "./world-record.ts";

export interface PlantOptions {
  readonly spec: MachineSpec;
  /** In the order of the declaration; the plant switches them, and leaves their life to the caller. */
  readonly chains: readonly PoweredChain[];
  readonly clock: Clock;
  readonly seed: number;
  readonly assumptions?: Partial<Assumptions>;
  /** Instead of what the declaration makes a machine show, e.g. those of a bare PC. */
  readonly facts?: Partial<MachineFacts>;
  /** For the record; the clock's own seconds when absent. */
  readonly unixMs?: () => number;
}

export type ProcessFault = PlantFault & { readonly fault: "process" };

/** A stopped world goes on where it was: more than this is not made up for. */
const LONGEST_STEP_MS = 60_000;

export class Plant implements Disposable {
  readonly machine: MachinePlatform;
  readonly record: WorldRecord;
  /** The control port of a USB board, as bytes. */
  readonly usbControl: BitaxeRawModel | undefined;
  readonly #models: MachineModels;
  readonly #machine: SimulatedMachine;
  readonly #reporter: PlantReporter;
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #processFaults = new Signal<{ readonly fault: ProcessFault; readonly isOn: boolean }>();
  readonly #timers = new Set<Disposable>();
  readonly #faults = new Set<PlantFault>();
  #facts: MachineFacts;
  #ambientC: number;
  #advancedMs: number;
  #settling: "no" | "yes" | "again" = "no";

  constructor(options: PlantOptions) {
    const { spec, chains, clock, seed } = options;
    if (chains.length !== spec.chains.length)
      throw new RangeError(`${chains.length} chains; ${spec.id} has ${spec.chains.length}`);
    const assumptions = { ...defaultAssumptions, ...options.assumptions };
    this.#clock = clock;
    this.#startMs = clock.nowMs();
    this.#advancedMs = this.#startMs;
    this.#ambientC = assumptions.ambientC;
    const unixMs = options.unixMs ?? (() => clock.unixSeconds() * 1_000);
    this.record = new WorldRecord(() => clock.nowMs() - this.#startMs, unixMs);
    const { eeproms: _, ...facts } = expectedFacts(spec);
    this.#facts = { ...facts, ...options.facts };
    this.#models = buildMachine({
      spec,
      boards: spec.chains.map(
        (chain, index) => new BoardModel(index, chain, chains[index] as PoweredChain, assumptions),
      ),
      clock,
      assumptions,
      random: new SeededRandom(seed),
      protocol: protocolOf(this.#facts),
      onChange: () => this.#settle(),
      onWatchdog: () => this.#resetControlBoard(),
      onEepromWrite: (chain, detail) => this.record.add("eeprom-write", chain, true, detail),
    });
    this.usbControl = this.#models.usbControl;
    this.#reporter = new PlantReporter(this.record, this.#models);
    this.#machine = new SimulatedMachine({
      clock,
      facts: () => this.#facts,
      ...this.#models,
      onWatchdog: (isRunning) =>
        this.record.add("watchdog", null, isRunning, isRunning ? "started" : "stopped"),
    });
    this.machine = this.#machine;
    this.#applyFaults();
    this.#timers.add(clock.every(assumptions.physicsStepMs, () => this.#advance()));
  }

  /** Serial devices under which a USB board can really be reached: its control port, then its data port. */
  nameUsbUarts(uarts: readonly string[]): void {
    this.#facts = {
      ...this.#facts,
      usb: this.#facts.usb.map((device) => ({ ...device, uarts })),
      uarts,
    };
  }

  /** From now on. One about programs is only passed on. Throws RangeError for what the machine cannot have. */
  addFault(fault: PlantFault): void {
    if (this.#faults.has(fault)) return;
    const why = whyNotApplicable(fault, this.#models.spec);
    if (why !== undefined) throw new RangeError(`fault ${fault.fault}: ${why}`);
    this.#faults.add(fault);
    if (fault.fault === "process") this.#processFaults.emit({ fault, isOn: true });
    else if (fault.fault === "chain") this.#models.boards[fault.chain]?.chain.addFault(fault.what);
    else this.#applyFaults();
  }

  /** The same value that was added; nothing happens when it is not there. */
  removeFault(fault: PlantFault): void {
    if (!this.#faults.delete(fault)) return;
    if (fault.fault === "process") this.#processFaults.emit({ fault, isOn: false });
    else if (fault.fault === "chain")
      this.#models.boards[fault.chain]?.chain.removeFault(fault.what);
    else this.#applyFaults();
  }

  /** Times count from the making of the plant; those that have passed come at once. */
  schedule({ fault, fromMs, untilMs }: ScheduledFault): void {
    this.#at(fromMs, () => this.addFault(fault));
    if (untilMs !== undefined) this.#at(untilMs, () => this.removeFault(fault));
  }

  /** Faults of programs as they come and go: somebody else's to do. */
  onProcessFault(
    listener: (change: { readonly fault: ProcessFault; readonly isOn: boolean }) => void,
  ): Disposable {
    return this.#processFaults.on(listener);
  }

  state(): PlantState {
    return plantState(this.#models, this.#ambientC, this.#clock.nowMs() - this.#startMs);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) timer[Symbol.dispose]();
    for (const part of this.#models.disposables) part[Symbol.dispose]();
  }

  #at(fromMs: number, run: () => void): void {
    const delayMs = Math.max(0, this.#startMs + fromMs - this.#clock.nowMs());
    this.#timers.add(this.#clock.after(delayMs, run));
  }

  #applyFaults(): void {
    this.#ambientC = applyFaults(this.#faults, this.#models);
    this.#settle();
  }

  /** What is switched reaches everything that hangs on it; a part that changes meanwhile is looked at again. */
  #settle(): void {
    if (this.#settling !== "no") {
      this.#settling = "again";
      return;
    }
    do {
      this.#settling = "yes";
      const { supply, boards, spec } = this.#models;
      if (spec.supply !== undefined) supply.setEnabled(this.#isActive(spec.supply.enable));
      for (const board of boards)
        board.settle({
          inputV: this.#models.inputV(board),
          isEnabled: board.spec.enable === undefined || this.#isActive(board.spec.enable),
          isHeldInReset: this.#isActive(board.spec.reset),
        });
    } while ((this.#settling as string) === "again");
    this.#settling = "no";
    this.#reporter.report();
  }

  #isActive(ref: LineRef): boolean {
    if (ref.via === "usb")
      return (this.usbControl?.level(ref.pin) ?? false) !== (ref.activeLow ?? false);
    return this.#models.lines.find(ref)?.level === levelOf(ref, true);
  }

  #advance(): void {
    const nowMs = this.#clock.nowMs();
    const seconds = Math.min(LONGEST_STEP_MS, nowMs - this.#advancedMs) / 1_000;
    this.#advancedMs = nowMs;
    const { fans, boards, supply } = this.#models;
    for (const group of fans) group.advance(seconds, nowMs);
    const airflow = this.#models.airflow();
    let totalW = 0;
    for (const board of boards) {
      const inputV = this.#models.inputV(board);
      board.advance(seconds, inputV, airflow, this.#ambientC);
      totalW += board.powerW;
    }
    const machineInputV = supply.outputV(this.#models.assumptions.usbInputV);
    for (const meter of this.#models.meters)
      meter.measure?.({ inputV: machineInputV, powerW: totalW });
    if (supply.load(totalW)) this.#settle();
    else this.#reporter.report();
  }

  #resetControlBoard(): void {
    this.record.add("watchdog", null, false, "expired: the control board starts anew");
    this.#machine.reset();
  }
}

/** Minor releases from 1 speak version 1 [D]. */
function protocolOf({ usb }: Pick<MachineFacts, "usb">): 0 | 1 {
  const release = Number.parseInt(usb[0]?.release ?? "0", 16);
  return ((release >> 4) & 0xf) >= 1 ? 1 : 0;
}
