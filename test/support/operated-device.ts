/** A real OperatorDevice on a link whose other end, the supervisor's, is the test's: told a recorded run, asked like a real one. */
import { readFileSync } from "node:fs";
import type { HistoryReader } from "../../src/api/device.ts";
import { OperatorDevice } from "../../src/api/operator-device.ts";
import type {
  Answer,
  ConfigView,
  DeviceFacts,
  GuardView,
  OperatorMessage,
  OperatorSetup,
  Request,
  SupervisorMessage,
} from "../../src/api/operator-link.ts";
import { checkAgainst } from "../../src/config/problems.ts";
import { configSchema } from "../../src/config/schema.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { MachineEvent } from "../../src/telemetry/event.ts";
import type { MachineSnapshot } from "../../src/telemetry/machine-snapshot.ts";
import type { UpdateState } from "../../src/update/update-view.ts";
import { memoryLink } from "./memory-link.ts";

export interface OperatedDevice extends AsyncDisposable {
  readonly device: OperatorDevice;
  /** What the device asked of the supervisor, oldest first. */
  readonly requests: readonly Request[];
  /** What the supervisor answers, `undefined` for nothing; until this is called: done. */
  answerWith(answer: (request: Request) => Answer | undefined): void;
  /** The guard has told this. */
  tellMachine(
    machine: MachineSnapshot | null,
    lastWordAgoS?: number | null,
    guard?: Partial<GuardView>,
  ): void;
  tellConfig(view: ConfigView): void;
  tellUpdates(updates: UpdateState): void;
  /** Of our own events, what was to be kept. */
  readonly kept: readonly MachineEvent[];
}

/** A machine with three boards of 126 BM1362 that has mined for a minute in the simulator. */
export function recordedMachine(): MachineSnapshot {
  return JSON.parse(readFileSync("test/vectors/machine-snapshot.json", "utf8")) as MachineSnapshot;
}

export const SAMPLE_POOL_KEY = "9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72";

/** A small configuration in force: two pools, everything else by default. */
export function sampleConfig(changes: Readonly<Record<string, unknown>> = {}): ConfigView {
  const sparse = {
    version: 1,
    pools: [
      {
        name: "home",
        url: `stratum2+tcp://127.0.0.1:34254/${SAMPLE_POOL_KEY}`,
        user: "asicd.one",
        password: "planted-pool-password",
      },
      { name: "away", url: "stratum+tcp://pool.example.com:3333", user: "asicd.two" },
    ],
    ...changes,
  };
  const { value, problems } = checkAgainst(configSchema, sparse);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return { sparse, effective: value, confirmByUnixSeconds: null, waitsForRestart: [] };
}

export const sampleFacts: DeviceFacts = {
  board: "virtual",
  model: "Virtual machine of 3 × 126 BM1362",
  chips: "3 × 126 × BM1362",
  chip: "BM1362",
  simulated: true,
  scale: 2 ** 25,
  hostname: "miner-1",
  mac: "02:00:00:12:34:56",
  ipv4: "192.0.2.7",
  serialNumber: null,
  version: "0.1.0",
  upBeforeS: 3_600,
  persona: "none",
  declaredPowerW: null,
  boards: [0, 1, 2].map((index) => ({
    uart: `/dev/pts/${index}`,
    chip: "BM1362",
    chipCount: 126,
    hashesPerMHz: (514 * 1e6) / 2 ** 25,
  })),
};

export interface OperatedDeviceOptions {
  readonly clock: Clock;
  readonly config?: ConfigView;
  readonly facts?: Partial<DeviceFacts>;
  readonly history?: HistoryReader;
  readonly earlierEvents?: readonly MachineEvent[];
}

export function operatedDevice(options: OperatedDeviceOptions): OperatedDevice {
  const { clock, config = sampleConfig(), facts = {}, history = noHistory } = options;
  const link = memoryLink<SupervisorMessage, OperatorMessage>(clock);
  const requests: Request[] = [];
  const kept: MachineEvent[] = [];
  let answer = (_request: Request): Answer | undefined => ({ is: "done", text: "done" });
  link.upper.onMessage((message) => {
    if (message.tell !== "ask") return;
    requests.push(message.request);
    const given = answer(message.request);
    if (given !== undefined) link.upper.send({ tell: "answer", id: message.id, answer: given });
  });
  const setup: OperatorSetup = {
    facts: { ...sampleFacts, ...facts },
    config,
    stateDir: "/nowhere",
    runtimeDir: "/nowhere",
    mayMovePort: false,
    eventsFile: "/nowhere/events.jsonl",
    logLevel: "silent",
  };
  const device = new OperatorDevice({
    setup,
    link: link.lower,
    clock,
    history,
    memoryBytes: () => 50_000_000,
    earlierEvents: options.earlierEvents ?? [],
    keep: (event) => kept.push(event),
  });
  return {
    device,
    requests,
    kept,
    answerWith(next) {
      answer = next;
    },
    tellMachine(machine, lastWordAgoS = 0, guard = {}) {
      link.upper.send({
        tell: "machine",
        machine,
        guard: { state: "running", restarts: 0, lastWordAgoS, reason: null, ...guard },
      });
    },
    tellUpdates: (updates) => link.upper.send({ tell: "updates", updates }),
    tellConfig: (view) => link.upper.send({ tell: "config", config: view }),
    [Symbol.asyncDispose]: () => device[Symbol.asyncDispose](),
  };
}

const noHistory: HistoryReader = {
  series: [],
  query: () => Promise.resolve({ stepS: 60, unixSeconds: [], series: {} }),
  chip: () => Promise.resolve({ stepS: 60, unixSeconds: [], series: {} }),
};
