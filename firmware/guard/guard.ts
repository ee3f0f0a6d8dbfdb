/**
 * The guard: looks at temperatures, fans, power and the miner ten times a second, decides through `src/control`, and acts.
 * Power is granted by it alone, and whatever it does not know counts against power.
 */
import { decideBoard } from "../../src/control/board-policy.ts";
import type { MachineState } from "../../src/control/board-policy-types.ts";
import { StartOrder } from "../../src/control/start-order.ts";
import type { PoolGroupOptions } from "../../src/hashing/pool-options.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { MachinePlatform } from "../../src/ports/machine-platform.ts";
import type { MachineSnapshot } from "../../src/telemetry/machine-snapshot.ts";
import { BoardMemories } from "./board-memories.ts";
import { BoardWatch } from "./board-watch.ts";
import { Cooling } from "./cooling.ts";
import type { EventRecorder } from "./event-recorder.ts";
import type { GuardSetup, LatchedBoard, MachineSettings } from "./guard-setup.ts";
import { machineSnapshot } from "./guard-snapshot.ts";
import { blinkAt } from "./lamps.ts";
import type { MachineHardware } from "./machine-hardware.ts";
import { MinerDesk } from "./miner-desk.ts";
import type { MinerHandle } from "./miner-keeper.ts";
import { OperatorDesk } from "./operator-desk.ts";
import { PetWatchdog } from "./pet-watchdog.ts";
import { PowerDesk } from "./power-desk.ts";

const TICK_MS = 100;
/** Later than this the guard itself was frozen, and nothing else is to blame for the time. */
const LATE_MS = 2 * TICK_MS;
const FROZEN_MS = 1_000;
const EXCUSED_EVERY_MS = 60_000;

export interface GuardSurroundings {
  readonly platform: MachinePlatform;
  readonly log: Logger;
  readonly recorder: EventRecorder;
  readonly setup: GuardSetup;
  /** Boards that an earlier guard has latched. */
  readonly latched?: readonly LatchedBoard[];
  startMiner(pools: readonly PoolGroupOptions[]): MinerHandle;
  /** Kept for the next guard, should this one die. */
  onLatched?(boards: readonly LatchedBoard[]): void;
}

export class Guard {
  readonly #hardware: MachineHardware;
  readonly #around: GuardSurroundings;
  readonly #watches: readonly BoardWatch[];
  readonly #cooling: Cooling;
  readonly #power: PowerDesk;
  readonly #operator: OperatorDesk;
  readonly #miner: MinerDesk;
  readonly #memories: BoardMemories;
  readonly #watchdog: PetWatchdog;
  readonly #starts: StartOrder;
  readonly #timers: Disposable[] = [];
  readonly #startedMs: number;
  #reasons: (string | null)[];
  #capsMHz: number[];
  #supplyFault: string | null = null;
  #tickedAtMs: number | undefined;
  #excusedAtMs = Number.NEGATIVE_INFINITY;
  #isStopping = false;

  constructor(hardware: MachineHardware, around: GuardSurroundings) {
    const { clock } = around.platform;
    const { spec } = hardware;
    this.#hardware = hardware;
    this.#around = around;
    this.#startedMs = clock.nowMs();
    this.#operator = new OperatorDesk(hardware, around.setup, (event) =>
      around.recorder.record(event),
    );
    const { limits, settings } = this.#operator;
    this.#watches = hardware.boards.map(
      (board) => new BoardWatch(board, limits, spec.pollMs, clock),
    );
    this.#cooling = new Cooling(hardware, settings, clock, around.log);
    this.#starts = new StartOrder(spec.startDelayMs);
    this.#memories = new BoardMemories(hardware.boards.length, around.latched ?? [], (boards) =>
      around.onLatched?.(boards),
    );
    this.#watchdog = new PetWatchdog(around.log);
    this.#reasons = hardware.boards.map(() => null);
    this.#capsMHz = hardware.boards.map(() => 0);
    this.#power = new PowerDesk({
      hardware,
      recorder: around.recorder,
      log: around.log,
      tellMiner: (chains, reason) => this.#miner.hashingOff(chains, reason),
      fansFull: (reason) => this.#cooling.full(reason),
    });
    this.#miner = new MinerDesk({
      clock,
      log: around.log,
      recorder: around.recorder,
      boardCount: hardware.boards.length,
      tickMs: TICK_MS,
      pools: around.setup.miner.pools,
      startMiner: (pools) => around.startMiner(pools),
      onBeat: (chains) => {
        const nowMs = clock.nowMs();
        for (const report of chains) this.#watches[report.index]?.hearChips(report, nowMs);
      },
      onLost: () => this.#lostMiner(),
    });
  }

  /** `foundLeft`: an earlier guard did not end in order. */
  start(foundLeft: boolean): void {
    const { platform, recorder } = this.#around;
    if (foundLeft) this.#memories.tripCountsTwice(this.#startedMs);
    const { spec, boards } = this.#hardware;
    recorder.record({
      what: "guard-start",
      where: "guard",
      rule: foundLeft ? "guard-died" : "start",
      measured: null,
      limit: null,
      action: "power off, fans full",
      reason: foundLeft
        ? "an earlier guard ended without switching the machine off in order"
        : `starting with ${spec.name}`,
    });
    this.#timers.push(
      platform.clock.every(TICK_MS, () => this.#tick()),
      platform.clock.every(spec.pollMs, () => this.#poll()),
    );
    for (const board of boards) {
      const withinS = board.spec.supply?.driver.beatWithinS;
      if (withinS === undefined) continue;
      // In step with the polls: on a slow bus each reading then comes exactly one poll after the last.
      const polls = Math.max(1, Math.floor((withinS * 1_000) / 3 / spec.pollMs));
      this.#timers.push(platform.clock.every(polls * spec.pollMs, () => void board.beat()));
    }
    this.#poll();
    void this.#watchdog.start(spec, platform);
    this.#miner.keeper.start();
  }

  /** An operator has looked at what tripped; null: all chains. */
  clear(chain: number | null): void {
    for (const { index, reason } of this.#memories.clear(chain))
      this.#around.recorder.record({
        what: "cleared",
        where: `chain ${index}`,
        rule: "operator",
        measured: null,
        limit: null,
        action: "power is allowed again",
        reason: `an operator cleared: ${reason}`,
      });
  }

  changeSettings(settings: MachineSettings): void {
    this.#operator.change(settings);
    this.#cooling.settings = this.#operator.settings;
    for (const watch of this.#watches) watch.limits = this.#operator.limits;
    this.#actNow();
  }

  /** Hashing goes on. */
  changePools(pools: readonly PoolGroupOptions[]): void {
    this.#miner.changePools(pools);
  }

  /** Power off, reset, power on of one board; a chain that was given up is tried again. */
  restartChain(chain: number, reason: string): void {
    const isLatched = this.#memories.latched.some(({ index }) => index === chain);
    if (!this.#operator.restartChain(chain, reason, isLatched)) return;
    this.#miner.retry(chain);
    this.#actNow();
  }

  restartMiner(reason: string): void {
    this.#operator.restartMiner(reason);
    // First the boards, in order: who watches them is the miner that goes.
    this.#actNow();
    if (!this.#miner.keeper.restart(reason)) this.#operator.minerEnded();
  }

  /** The lamp blinks for so long, at most ten minutes; 0: no more. */
  identify(seconds: number): void {
    this.#operator.identify(seconds, this.#around.platform.clock.nowMs());
  }

  /** What an operator asked for does not wait for the next look. */
  #actNow(): void {
    if (this.#tickedAtMs !== undefined && !this.#isStopping) this.#tick();
  }

  /** Resolves to whether everything is off, as far as it was confirmed. Power goes down in order: the miner quiets the chips, then the boards go off, then the fans outlast them. */
  async stop(): Promise<boolean> {
    await this.#miner.keeper.stop();
    this.#isStopping = true;
    this.#tick();
    await this.#power.allOff();
    // Not after the fans: whoever flashes a machine kills this process meanwhile, and must not be reset while it writes.
    await this.#disarmWhenOff();
    await this.#cooling.outlast(this.#around.setup.fanOutlastMs);
    for (const timer of this.#timers) timer[Symbol.dispose]();
    return this.#disarmWhenOff();
  }

  /** A board that could not be switched off keeps its last backstop. */
  async #disarmWhenOff(): Promise<boolean> {
    const isOff = this.#hardware.boards.every(({ state }) => state === "off");
    if (isOff) await this.#watchdog.disarm();
    return isOff;
  }

  #poll(): void {
    for (const watch of this.#watches) void watch.poll();
    void this.#hardware.supply?.check().then((fault) => {
      this.#supplyFault = fault;
    });
  }

  /** Nobody feeds the chips any more, and nobody could stop them. */
  #lostMiner(): void {
    this.#operator.minerEnded();
    for (const board of this.#hardware.boards)
      if (board.state !== "off") void this.#power.switchOff(board, "the miner is gone", true);
  }

  #tick(): void {
    const nowMs = this.#around.platform.clock.nowMs();
    this.#miner.tick(nowMs);
    this.#excuseLateness(nowMs);
    const machine = this.#machineState(nowMs);
    this.#operator.tick(nowMs);
    this.#power.lookForSharedDanger(this.#watches, nowMs);
    for (const watch of this.#watches) this.#decide(watch, machine, nowMs);
    this.#cooling.tick(this.#watches, nowMs);
    this.#allow(nowMs);
    this.#power.follow(
      this.#operator.permission(),
      this.#operator.holdsAll,
      this.#miner.reports,
      nowMs,
    );
    this.#hardware.lamps.show({
      isHashing: this.#miner.reports.some(({ phase }) => phase === "hashing"),
      isTripped: this.#memories.isAnyTripped,
      blink: this.#operator.isIdentifying(nowMs) ? blinkAt(nowMs) : null,
    });
    this.#miner.killWhenSilent();
    this.#watchdog.decided(nowMs);
  }

  /** What was known before the guard was frozen gets the time back in which nobody could look. */
  #excuseLateness(nowMs: number): void {
    const lateMs = nowMs - (this.#tickedAtMs ?? nowMs) - LATE_MS;
    this.#tickedAtMs = nowMs;
    // A guard that is always a little late gets nothing back: what it does not see is not known.
    if (lateMs < FROZEN_MS || nowMs - this.#excusedAtMs < EXCUSED_EVERY_MS) return;
    this.#excusedAtMs = nowMs;
    for (const watch of this.#watches) watch.excuse(lateMs, nowMs);
    this.#cooling.excuse(lateMs, nowMs);
  }

  #machineState(nowMs: number): MachineState {
    return {
      fans: this.#cooling.state(nowMs),
      miner: { silentMs: this.#miner.silentMs },
      supplyFault: this.#supplyFault,
      isStopping: this.#isStopping,
    };
  }

  #decide(watch: BoardWatch, machine: MachineState, nowMs: number): void {
    const { board } = watch;
    const { index } = board;
    const report = this.#miner.reports[index];
    const targetMHz = this.#operator.targetMHz(board);
    const permission = this.#operator.permission();
    const refusal = permission.allowed ? null : permission.reason;
    const withheld = this.#operator.withheld(index);
    const facts = watch.facts(report, targetMHz, { refusal, withheld }, nowMs);
    const before = this.#memories.of(index);
    const decision = decideBoard(before, facts, machine, nowMs);
    this.#memories.set(index, decision.memory);
    this.#reasons[index] = decision.reason;
    this.#capsMHz[index] = decision.frequencyCapMHz;
    // Also when it is off already because it could not be switched on: that fault has its consequence here.
    const isOver = before.state.at === "on" && decision.memory.state.at !== "on";
    const hasPower = board.state === "on" || board.state === "turning-on";
    if (decision.power === "off" && (isOver || hasPower))
      void this.#power.switchOff(
        board,
        decision.reason ?? "not wanted",
        decision.memory.state.at !== "off" || machine.isStopping,
      );
    for (const event of decision.events) this.#around.recorder.record(event);
    this.#memories.tellLatched();
    if (decision.power !== "on" || board.state !== "off" || !permission.allowed) return;
    const { sharedDanger } = this.#power;
    if (sharedDanger !== null) this.#reasons[index] = sharedDanger;
    else if (this.#starts.mayStart(nowMs)) void this.#power.switchOn(board, permission);
  }

  #allow(nowMs: number): void {
    const chains = this.#hardware.boards.map((board, index) => ({
      index,
      grant: board.grant,
      frequencyCapMHz: this.#capsMHz[index] ?? 0,
      targetFrequencyMHz: this.#operator.targetMHz(board),
      reason: this.#reasons[index] ?? null,
    }));
    this.#miner.allow(chains, nowMs);
  }

  snapshot(): MachineSnapshot {
    const nowMs = this.#around.platform.clock.nowMs();
    return machineSnapshot({
      spec: this.#hardware.spec,
      uptimeS: (nowMs - this.#startedMs) / 1_000,
      simulated: this.#around.setup.simulated,
      paused: this.#operator.settings.paused,
      identifying: this.#operator.isIdentifying(nowMs),
      boards: this.#watches.map((watch, index) => ({
        watch,
        memory: this.#memories.of(index),
        reason: this.#reasons[index] ?? null,
        targetMHz: this.#operator.targetMHz(watch.board),
        capMHz: this.#capsMHz[index] ?? 0,
      })),
      hasWatchdog: this.#watchdog.isArmed,
      fans: this.#cooling.snapshot(),
      supply: this.#hardware.supply,
      keeper: this.#miner.keeper,
      events: this.#around.recorder.ring,
      miner: this.#miner.snapshot,
      nowMs,
    });
  }
}
