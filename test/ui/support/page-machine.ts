/** The built page behind the real server and a real device, whose settings are really kept; only guard and miner are a recording. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nodeScrypt } from "../../../firmware/operator/http/scrypt.ts";
import {
  HTTP_LIMITS,
  type HttpServer,
  startHttp,
} from "../../../firmware/operator/http/start-http.ts";
import { LogRing } from "../../../firmware/operator/log-ring.ts";
import { supportBundle } from "../../../firmware/operator/support-bundle.ts";
import { SystemClock } from "../../../firmware/platform/system-clock.ts";
import { systemEntropy } from "../../../firmware/platform/system-entropy.ts";
import type { Device, HistoryReader } from "../../../src/api/device.ts";
import { Keyring, noSecrets } from "../../../src/api/keyring.ts";
import type { PoolTester } from "../../../src/api/pool-test.ts";
import { secretsIn } from "../../../src/api/scrub.ts";
import { silentLog } from "../../../src/lib/log.ts";
import type { MachineSnapshot } from "../../../src/telemetry/machine-snapshot.ts";
import type { MinerSnapshot } from "../../../src/telemetry/snapshot.ts";
import { machineWithSettings } from "../../compat/machine-with-settings.ts";
import { madeUpHistory } from "./made-up-history.ts";
import type { TestedMachine } from "./tested-machine.ts";

/** Scrypt that takes no time: its strength is not what these tests are about. */
const QUICK_SCRYPT = { cost: 16, blockSize: 1, parallelization: 1, keyBytes: 32 };

/** `root`: of the repository, with the page built in `uiFolder`. */
export async function pageMachine(root: string, uiFolder: string): Promise<TestedMachine> {
  const clock = new SystemClock();
  const recorded = JSON.parse(
    readFileSync(join(root, "test/vectors/machine-snapshot.json"), "utf8"),
  ) as MachineSnapshot;
  const calm = withPast(recorded, clock.unixSeconds());
  const machine = await machineWithSettings({ clock, machine: calm });
  let isPaused = false;
  machine.device.onStatus(({ paused }) => {
    if (paused === isPaused) return;
    isPaused = paused;
    machine.tell(paused ? atRest(calm) : calm);
  });
  const device = withHistory(machine.device, madeUpHistory);
  const keyring = new Keyring({
    secrets: noSecrets,
    save: () => Promise.resolve(),
    scrypt: nodeScrypt,
    scryptTerms: QUICK_SCRYPT,
    clock,
    entropy: systemEntropy,
  });
  const secrets = () => secretsIn(machine.device.effective);
  const logs = new LogRing(secrets);
  for (const line of LOG_LINES)
    logs.add(JSON.stringify({ ...line, time: clock.unixSeconds() * 1_000 }));
  const open = (listen: string) =>
    startHttp({
      device,
      keyring,
      config: () => machine.device.effective,
      hostname: "miner-1",
      version: "0.1.0",
      clock,
      entropy: systemEntropy,
      listen: [listen],
      uiFolder,
      logs,
      testPool,
      bundle: supportBundle({
        device: machine.device,
        logText: () => logs.text,
        secrets,
        version: "0.1.0",
        clock,
      }),
      log: silentLog,
      // One browser that is very busy.
      limits: { ...HTTP_LIMITS, writes: HTTP_LIMITS.requests },
    });
  let server: HttpServer | undefined = await open("127.0.0.1:0");
  const { host } = new URL(server.addresses[0] ?? "");
  return {
    url: `http://${host}`,
    poolUrl: `stratum2+tcp://127.0.0.1:34254/${POOL_KEY}`,
    restarting: (act) => act(),
    overheat: async () => machine.tell(tooHot(calm, clock.unixSeconds(), "resting")),
    latch: async () => machine.tell(tooHot(calm, clock.unixSeconds(), "latched")),
    goAway: async () => {
      await server?.close();
      server = undefined;
    },
    comeBack: async () => {
      server ??= await open(host);
    },
    async [Symbol.asyncDispose]() {
      await server?.close();
      await machine[Symbol.asyncDispose]();
    },
  };
}

/** It is a recording: what it tells as past is moved to before now. */
function withPast(machine: MachineSnapshot, now: number): MachineSnapshot {
  const last = machine.events.at(-1)?.time ?? now;
  const events = machine.events.map((event) => ({ ...event, time: event.time - last + now - 900 }));
  return { ...machine, events, miner: machine.miner && withHealth(machine.miner) };
}

/** Long enough for chips to be judged, and not all of them well. */
function withHealth(miner: MinerSnapshot): MinerSnapshot {
  const chains = miner.chains.map((chain) => {
    const expected = chain.nominalHps / chain.chipsFound;
    return {
      ...chain,
      belowShareTarget: 40_000,
      hardwareErrors: 12,
      chipHashrateWindowsHps: chain.chipHashrateWindowsHps.map((rates, chip) => ({
        ...rates,
        m15: expected * (ODD_CHIPS[chain.index]?.[chip] ?? 0.95 + ((chip * 7) % 11) / 100),
      })),
    };
  });
  return { ...miner, chains };
}

const ODD_CHIPS: readonly Readonly<Record<number, number>>[] = [
  { 17: 0.72, 44: 0.81 },
  { 3: 0.4, 90: 0, 91: 0.66 },
  {},
];

function atRest(machine: MachineSnapshot): MachineSnapshot {
  const boards = machine.boards.map((board) => ({ ...board, power: "off" as const }));
  if (machine.miner === null) return { ...machine, boards };
  const chains = machine.miner.chains.map((chain) => ({ ...chain, phase: "off" as const }));
  return { ...machine, boards, miner: { ...machine.miner, chains } };
}

const HOT_C = 71.4;

function tooHot(
  machine: MachineSnapshot,
  now: number,
  state: "resting" | "latched",
): MachineSnapshot {
  const reason = `board 1 is at ${HOT_C} °C, 70 °C is dangerous`;
  const boards = machine.boards.map((board) =>
    board.index !== 1
      ? board
      : {
          ...board,
          state,
          power: "off" as const,
          reason,
          sensors: board.sensors.map((sensor) => ({ ...sensor, temperatureC: HOT_C })),
        },
  );
  const event = {
    time: now,
    uptimeS: machine.uptimeS,
    what: "trip",
    where: "chain 1",
    rule: "dangerous-temperature",
    measured: HOT_C,
    limit: 70,
    action: "power off",
    reason,
  };
  return { ...machine, boards, events: [...machine.events, event] };
}

const POOL_KEY = "9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72";

/** Where nobody listens, it fails as it would. */
const testPool: PoolTester = async ({ url }) => {
  const resolved = { step: "resolve" as const, ok: true, text: "127.0.0.1", ms: 2 };
  if (url.includes("127.0.0.1:1"))
    return {
      ok: false,
      steps: [resolved, { step: "connect", ok: false, text: "nobody listens there", ms: 3 }],
    };
  return {
    ok: true,
    steps: [
      resolved,
      { step: "connect", ok: true, text: "connected", ms: 9 },
      { step: "handshake", ok: true, text: "signed by the key of the address", ms: 14 },
      { step: "set-up", ok: true, text: "version 2", ms: 8 },
      { step: "channel", ok: true, text: "standard channel 1", ms: 11 },
      { step: "job", ok: true, text: "first job received", ms: 120 },
    ],
  };
};

const LOG_LINES = [
  { level: 30, msg: "chain hashing", chain: 0, frequencyMHz: 525, chips: 126 },
  { level: 30, msg: "chain hashing", chain: 1, frequencyMHz: 525, chips: 126 },
  { level: 40, msg: "pool answers late", pool: "away", lateMs: 812 },
  { level: 30, msg: "new block", pool: "home", height: 123_456 },
];

function withHistory(device: Device, history: HistoryReader): Device {
  return {
    status: () => device.status(),
    onStatus: (listener) => device.onStatus(listener),
    chips: (board) => device.chips(board),
    events: (query) => device.events(query),
    onEvent: (listener) => device.onEvent(listener),
    act: (action, actor) => device.act(action, actor),
    audit: (actor, what, text) => device.audit(actor, what, text),
    config: device.config,
    history,
    updates: device.updates,
  };
}
