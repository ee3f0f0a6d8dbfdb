/** A recorded machine behind the real servers: what clients read can be held against it exactly, because it stands still. */
import { startCgminer } from "../../firmware/operator/cgminer-server.ts";
import { compatRoutes } from "../../firmware/operator/compat-routes.ts";
import { nodeScrypt } from "../../firmware/operator/http/scrypt.ts";
import { startHttp } from "../../firmware/operator/http/start-http.ts";
import { metricsRoute } from "../../firmware/operator/metrics.ts";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import { systemEntropy } from "../../firmware/platform/system-entropy.ts";
import { Keyring, noSecrets } from "../../src/api/keyring.ts";
import type { DeviceFacts } from "../../src/api/operator-link.ts";
import type { Persona } from "../../src/api/status.ts";
import { rootPageMeta } from "../../src/compat/root-page.ts";
import { silentLog } from "../../src/lib/log.ts";
import type { MachineSnapshot } from "../../src/telemetry/machine-snapshot.ts";
import { type MachineWithSettings, machineWithSettings } from "../compat/machine-with-settings.ts";
import {
  brokenMachine,
  machineOfOneChip,
  pausedMachine,
  recordedMachine,
  warmMachine,
} from "./recorded-states.ts";
import type { Subject, SubjectState } from "./subject.ts";

const PERSONA_PASSWORD = "persona-password-of-this-run";

const actor = { name: "test", scope: "admin" } as const;

const hardware: Readonly<Record<Persona, Partial<DeviceFacts>>> = {
  antminer: {
    board: "s19j-pro",
    model: "Antminer S19j Pro (Amlogic)",
    serialNumber: "JYZZF1UBDJAAB0123",
    declaredPowerW: 3_068,
  },
  axeos: {
    board: "bitaxe-gamma",
    model: "Bitaxe Gamma",
    chip: "BM1370",
    chips: "1 × 1 × BM1370",
    declaredPowerW: 17,
    boards: [
      { uart: "/dev/ttyACM0", chip: "BM1370", chipCount: 1, hashesPerMHz: (2_040 * 1e6) / 2 ** 25 },
    ],
  },
  none: {},
};

const recordedAs: Readonly<
  Partial<Record<SubjectState, (machine: MachineSnapshot) => MachineSnapshot>>
> = {
  mining: (machine) => machine,
  paused: pausedMachine,
  broken: brokenMachine,
};

export interface OperatedSubject extends Subject, AsyncDisposable {
  readonly machine: MachineWithSettings;
}

/** Rejects with Error that says what is missing when the ports cannot be had. */
export async function operatedSubject(persona: Persona, address: string): Promise<OperatedSubject> {
  const clock = new SystemClock();
  const whole = persona === "axeos" ? machineOfOneChip(recordedMachine()) : recordedMachine();
  const base: MachineSnapshot = warmMachine(whole);
  const machine = await machineWithSettings({
    clock,
    machine: base,
    facts: hardware[persona],
    config: { compat: { persona } },
  });
  const { device } = machine;
  const keyring = new Keyring({
    secrets: noSecrets,
    save: () => Promise.resolve(),
    scrypt: nodeScrypt,
    clock,
    entropy: systemEntropy,
  });
  await keyring.setPersonaPassword(PERSONA_PASSWORD);
  const http = await startHttp({
    device,
    keyring,
    config: () => ({
      name: device.effective.name,
      api: { ...device.effective.api, hosts: [] },
    }),
    hostname: "miner-1",
    version: "0.1.0",
    clock,
    entropy: systemEntropy,
    listen: [`${address}:80`],
    pageHead: rootPageMeta(persona),
    logs: { lines: () => [] },
    testPool: () => Promise.resolve("busy"),
    bundle: { contents: () => Promise.resolve([]), tar: () => Promise.resolve(new Uint8Array()) },
    log: silentLog,
    extraRoutes: [
      compatRoutes({
        device,
        clock,
        entropy: systemEntropy,
        personaHa1: () => keyring.personaHa1,
        persona: () => device.status().device.persona,
        publicRead: () => device.effective.api.publicRead,
      }),
      metricsRoute(device),
    ],
  });
  const cgminer = await startCgminer({
    device,
    config: () => ({ ...device.effective.compat.cgminer, listen: [`${address}:4028`] }),
    clock,
    log: silentLog,
  });
  const close = async () => {
    await http.close();
    await cgminer.close();
    await machine[Symbol.asyncDispose]();
  };
  const missing = [
    ...http.problems,
    ...(cgminer.addresses.length === 0 ? [`${address}:4028`] : []),
  ];
  if (missing.length > 0) {
    await close();
    throw new Error(
      `cannot listen: ${missing.join("; ")}. Clients know ports 80 and 4028 only: run as root, or allow it with sysctl net.ipv4.ip_unprivileged_port_start=80, and stop what listens there`,
    );
  }
  return {
    address,
    persona,
    personaPassword: PERSONA_PASSWORD,
    kind: "a recording",
    isLive: false,
    machine,
    truth: async () => device.status(),
    async setFirstPool(url, user) {
      const changes = [
        { path: "pools[0].url", value: url },
        { path: "pools[0].user", value: user },
      ];
      await device.config.apply(changes, actor);
    },
    async enter(state) {
      const recorded = recordedAs[state];
      if (recorded === undefined) throw new RangeError(`a recording knows no ${state}`);
      machine.tell(recorded(base));
      await device.act({ do: state === "paused" ? "pause" : "resume" }, actor);
      await machine.settled();
    },
    [Symbol.asyncDispose]: close,
  };
}
