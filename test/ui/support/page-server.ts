/** The real server and the built page in front of a machine that is in this process, with a keyring that has no password yet. */
import { nodeScrypt } from "../../../firmware/operator/http/scrypt.ts";
import {
  HTTP_LIMITS,
  type HttpServer,
  startHttp,
} from "../../../firmware/operator/http/start-http.ts";
import { LogRing } from "../../../firmware/operator/log-ring.ts";
import { supportBundle } from "../../../firmware/operator/support-bundle.ts";
import { systemEntropy } from "../../../firmware/platform/system-entropy.ts";
import type { Device } from "../../../src/api/device.ts";
import { Keyring, noSecrets } from "../../../src/api/keyring.ts";
import type { PoolTester } from "../../../src/api/pool-test.ts";
import { secretsIn } from "../../../src/api/scrub.ts";
import { silentLog } from "../../../src/lib/log.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { MachineWithSettings } from "../../compat/machine-with-settings.ts";

/** Scrypt that takes no time: its strength is not what these tests are about. */
const QUICK_SCRYPT = { cost: 16, blockSize: 1, parallelization: 1, keyBytes: 32 };

export interface PageServer {
  readonly url: string;
  goAway(): Promise<void>;
  /** At the same address. */
  comeBack(): Promise<void>;
}

export interface PageParts {
  readonly machine: MachineWithSettings;
  /** What the server shows: that of the machine, or more. */
  readonly device: Device;
  readonly uiFolder: string;
  readonly clock: Clock;
}

/** Resolves when it listens, on a port of its own. */
export async function servePage({
  machine,
  device,
  uiFolder,
  clock,
}: PageParts): Promise<PageServer> {
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
    async goAway() {
      await server?.close();
      server = undefined;
    },
    async comeBack() {
      server ??= await open(host);
    },
  };
}

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
