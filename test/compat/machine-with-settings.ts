/** A real OperatorDevice whose supervisor's end is real too: settings are checked and kept, actions act; only guard and miner are a recording. */
import { configurableChips } from "../../firmware/cli/config-file.ts";
import { SettingsDesk } from "../../firmware/config-desk.ts";
import { memoryConfigStore } from "../../firmware/config-store.ts";
import type { NoMachine } from "../../firmware/find-machine.ts";
import { checkNaming } from "../../firmware/machine-check.ts";
import { ActionDesk } from "../../firmware/operator/action-desk.ts";
import { unnamedFacts } from "../../firmware/operator/device-facts.ts";
import { OperatorDevice } from "../../src/api/operator-device.ts";
import type {
  Answer,
  DeviceFacts,
  OperatorMessage,
  Request,
  SupervisorMessage,
} from "../../src/api/operator-link.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { MachineEvent } from "../../src/telemetry/event.ts";
import type { MachineSnapshot } from "../../src/telemetry/machine-snapshot.ts";
import { memoryLink } from "../support/memory-link.ts";
import { recordedMachine, sampleConfig, sampleFacts } from "../support/operated-device.ts";

export interface MachineWithSettings extends AsyncDisposable {
  readonly device: OperatorDevice;
  /** In force, secrets and all. */
  readonly sparse: () => unknown;
  /** What asked for more than a setting, e.g. "restart", "identify 60". */
  readonly acts: readonly string[];
  /** What guard and miner tell from now on; the operator's pause and the lamp are kept up by themselves. */
  tell(machine: MachineSnapshot): void;
  /** What was told so far has arrived. */
  settled(): Promise<void>;
}

export interface MachineWithSettingsOptions {
  readonly clock: Clock;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly facts?: Partial<DeviceFacts>;
  readonly machine?: MachineSnapshot;
  /** Nobody knows which machine it is: there is neither guard nor miner. */
  readonly unnamed?: NoMachine;
}

export async function machineWithSettings(
  options: MachineWithSettingsOptions,
): Promise<MachineWithSettings> {
  const { clock, config, unnamed } = options;
  const facts = unnamed === undefined ? options.facts : unnamedFacts(unnamed.unnamed);
  let machine = options.machine ?? recordedMachine();
  let identifying = false;
  const acts: string[] = [];
  const kept: MachineEvent[] = [];
  const link = memoryLink<SupervisorMessage, OperatorMessage>(clock);
  let isOpen = false;
  const desk: SettingsDesk = new SettingsDesk({
    store: memoryConfigStore(sampleConfig(config).sparse),
    clock,
    chips: configurableChips,
    apply: () => undefined,
    // What is in the file already has been checked.
    check: (loaded) => isOpen && unnamed && checkNaming(unnamed, desk.started, loaded),
  });
  isOpen = true;
  const actions = new ActionDesk({
    supervisor: {
      get machine() {
        return unnamed === undefined ? machine : undefined;
      },
      clear: (chain) => void acts.push(`clear ${chain}`),
      restartChain: (chain) => void acts.push(`restart-chain ${chain}`),
      restartMiner: () => void acts.push("restart-miner"),
      identify: (seconds) => {
        acts.push(`identify ${seconds}`);
        identifying = seconds > 0;
      },
    },
    settings: {
      sparse: () => desk.view().sparse,
      apply: (changes, actor) => desk.apply(changes, actor),
      replace: (value, actor) => desk.replace(value, actor),
      hold: (changes) => desk.hold(changes),
      reset: (value) => desk.reset(value),
    },
    ...(unnamed && { undriven: unnamed.unnamed.why }),
    restart: (how) => void acts.push(how),
    forget: () => void acts.push("forget"),
    factoryConfig: () => ({ version: 1 }),
  });
  const tellMachine = () =>
    link.upper.send(
      unnamed === undefined
        ? {
            tell: "machine",
            machine: { ...machine, paused: desk.loaded.paused, identifying },
            guard: { state: "running", restarts: 0, lastWordAgoS: 0, reason: null },
          }
        : {
            tell: "machine",
            machine: null,
            guard: {
              state: "stopped",
              restarts: 0,
              lastWordAgoS: null,
              reason: unnamed.unnamed.why,
            },
          },
    );
  const answer = async (request: Request): Promise<Answer> => {
    switch (request.ask) {
      case "act":
        return actions.act(request.action, request.actor);
      case "config-preview":
        return desk.preview(request.changes);
      case "config-apply":
        return desk.apply(request.changes, request.actor);
      case "config-replace":
        return desk.replace(request.config, request.actor);
      case "config-confirm":
        return desk.confirm(request.actor);
      case "config-revert":
        return desk.revert(request.actor);
      case "update":
        return { is: "refused", code: "no-slots", text: "nothing here can be replaced" };
    }
  };
  link.upper.onMessage((message) => {
    if (message.tell !== "ask") return;
    void answer(message.request).then((given) => {
      link.upper.send({ tell: "config", config: desk.view() });
      tellMachine();
      link.upper.send({ tell: "answer", id: message.id, answer: given });
    });
  });
  const device = new OperatorDevice({
    setup: {
      facts: { ...sampleFacts, ...facts },
      config: desk.view(),
      stateDir: "/nowhere",
      runtimeDir: "/nowhere",
      mayMovePort: false,
      eventsFile: "/nowhere/events.jsonl",
      logLevel: "silent",
    },
    link: link.lower,
    clock,
    history: {
      series: [],
      query: () => Promise.resolve({ stepS: 60, unixSeconds: [], series: {} }),
      chip: () => Promise.resolve({ stepS: 60, unixSeconds: [], series: {} }),
    },
    memoryBytes: () => 50_000_000,
    earlierEvents: [],
    keep: (event) => kept.push(event),
  });
  // A guard tells again and again; what it told last grows old otherwise.
  const beat = clock.every(1_000, tellMachine);
  tellMachine();
  const settled = () => clock.sleep(1);
  await settled();
  return {
    device,
    acts,
    sparse: () => desk.view().sparse,
    tell(next) {
      machine = next;
      tellMachine();
    },
    settled,
    async [Symbol.asyncDispose]() {
      beat[Symbol.dispose]();
      desk[Symbol.dispose]();
      await device[Symbol.asyncDispose]();
    },
  };
}
