/** The real server with a real device on a recorded run, on free ports of this machine. */
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import type { FastifyInstance } from "fastify";
import { nodeScrypt } from "../../../firmware/operator/http/scrypt.ts";
import {
  HTTP_LIMITS,
  type HttpLimits,
  type HttpServer,
  startHttp,
} from "../../../firmware/operator/http/start-http.ts";
import type { TlsMaterial } from "../../../firmware/operator/http/tls.ts";
import { LogRing } from "../../../firmware/operator/log-ring.ts";
import { supportBundle } from "../../../firmware/operator/support-bundle.ts";
import { SystemClock } from "../../../firmware/platform/system-clock.ts";
import { systemEntropy } from "../../../firmware/platform/system-entropy.ts";
import type { HistoryReader } from "../../../src/api/device.ts";
import { Keyring, noSecrets, type Secrets } from "../../../src/api/keyring.ts";
import type { Answer, Request } from "../../../src/api/operator-link.ts";
import type { PoolTester } from "../../../src/api/pool-test.ts";
import { secretsIn } from "../../../src/api/scrub.ts";
import type { SupportBundle } from "../../../src/api/support-files.ts";
import type { UpdateReceiver } from "../../../src/api/update-receiver.ts";
import type { Logger } from "../../../src/lib/log.ts";
import { silentLog } from "../../../src/lib/log.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { Entropy } from "../../../src/ports/entropy.ts";
import type { MachineSnapshot } from "../../../src/telemetry/machine-snapshot.ts";
import type { UpdateState } from "../../../src/update/update-view.ts";
import {
  type OperatedDevice,
  operatedDevice,
  recordedMachine,
  sampleConfig,
} from "../../support/operated-device.ts";

export const PASSWORD = "correct horse";
/** Scrypt that takes no time: its strength is not what these tests are about. */
export const QUICK_SCRYPT = { cost: 16, blockSize: 1, parallelization: 1, keyBytes: 32 };

export interface Served extends AsyncDisposable {
  readonly operated: OperatedDevice;
  readonly keyring: Keyring;
  readonly logs: LogRing;
  readonly server: HttpServer;
  readonly port: number;
  readonly saved: () => Secrets;
  /** The disk fails so from now on; `undefined`: no more. */
  failSaves(error: Error | undefined): void;
  readonly call: Caller;
}

export interface ServedOptions {
  readonly clock?: Clock;
  readonly entropy?: Entropy;
  readonly config?: Readonly<Record<string, unknown>>;
  /** Absent: set to PASSWORD. */
  readonly withoutPassword?: boolean;
  readonly uiFolder?: string;
  readonly pageHead?: string;
  readonly unixSocket?: string;
  readonly tls?: TlsMaterial;
  readonly limits?: Partial<HttpLimits>;
  readonly history?: HistoryReader;
  /** Absent: the recorded one. */
  readonly machine?: MachineSnapshot;
  readonly testPool?: PoolTester;
  readonly bundle?: SupportBundle;
  readonly receiveUpdate?: UpdateReceiver;
  /** Absent: there is nothing to update. */
  readonly updates?: UpdateState;
  readonly log?: Logger;
  readonly extraRoutes?: readonly ((app: FastifyInstance) => void)[];
}

export const someHistory: HistoryReader = {
  series: [
    { name: "hashrate", unit: "H/s" },
    { name: "board.0.temperature", unit: "°C" },
  ],
  query: ({ series, toUnixSeconds }) =>
    Promise.resolve({
      stepS: 60,
      unixSeconds: [toUnixSeconds - 120, toUnixSeconds - 60],
      series: Object.fromEntries(series.map((name) => [name, [1e12, null]])),
    }),
  chip: () => Promise.resolve({ stepS: 900, unixSeconds: [0], series: { hashrate: [1e9] } }),
};

export async function served(options: ServedOptions = {}): Promise<Served> {
  const clock = options.clock ?? new SystemClock();
  const entropy = options.entropy ?? systemEntropy;
  const config = sampleConfig(options.config);
  const operated = operatedDevice({ clock, config, history: options.history ?? someHistory });
  const { device } = operated;
  operated.answerWith(agreeable);
  if (options.updates !== undefined) operated.tellUpdates(options.updates);
  operated.tellMachine(options.machine ?? recordedMachine());
  let kept = noSecrets;
  let diskError: Error | undefined;
  const keyring = new Keyring({
    secrets: noSecrets,
    save: async (secrets) => {
      if (diskError !== undefined) throw diskError;
      kept = secrets;
    },
    scrypt: nodeScrypt,
    scryptTerms: QUICK_SCRYPT,
    clock,
    entropy,
  });
  if (options.withoutPassword !== true) await keyring.setPassword(PASSWORD, true);
  const secrets = () => secretsIn(device.effective);
  const logs = new LogRing(secrets);
  const server = await startHttp({
    device,
    keyring,
    config: () => device.effective,
    hostname: "miner-1",
    version: "0.1.0",
    clock,
    entropy,
    listen: ["127.0.0.1:0"],
    logs,
    testPool:
      options.testPool ??
      (() =>
        Promise.resolve({ ok: false, steps: [{ step: "connect", ok: false, text: "no", ms: 1 }] })),
    bundle:
      options.bundle ??
      supportBundle({ device, logText: () => logs.text, secrets, version: "0.1.0", clock }),
    log: options.log ?? silentLog,
    ...(options.receiveUpdate === undefined ? {} : { receiveUpdate: options.receiveUpdate }),
    ...(options.uiFolder === undefined ? {} : { uiFolder: options.uiFolder }),
    ...(options.pageHead === undefined ? {} : { pageHead: options.pageHead }),
    ...(options.unixSocket === undefined ? {} : { unixSocket: options.unixSocket }),
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    ...(options.extraRoutes === undefined ? {} : { extraRoutes: options.extraRoutes }),
    limits: { ...HTTP_LIMITS, ...options.limits },
  });
  const port = Number(/:(\d+)$/.exec(server.addresses[0] ?? "")?.[1]);
  return {
    operated,
    keyring,
    logs,
    server,
    port,
    saved: () => kept,
    failSaves(error) {
      diskError = error;
    },
    call: caller({ port, isTls: options.tls !== undefined }),
    async [Symbol.asyncDispose]() {
      await server.close();
      await operated[Symbol.asyncDispose]();
    },
  };
}

/** A supervisor to whom everything is right. */
export function agreeable(request: Request): Answer {
  switch (request.ask) {
    case "act":
      return request.action.do === "restart"
        ? { is: "accepted", text: "asicd restarts" }
        : { is: "done", text: "done" };
    case "config-confirm":
      return { is: "done", text: "the change stays" };
    case "update":
      return { is: "accepted", text: "it is checked in full and laid beside" };
    default:
      return {
        is: "applied",
        differences: [{ path: "name", before: "asicd", after: "garage", restart: "operator" }],
        confirmByUnixSeconds: null,
      };
  }
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** As JSON, with its content type. */
  readonly body?: unknown;
  /** As it is. */
  readonly raw?: string;
  readonly token?: string;
  readonly cookie?: string;
}

export interface Called {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: Buffer;
  /** Parsed where it is JSON. */
  readonly body: unknown;
  /** Word of the session cookie that was set. */
  readonly session: string | undefined;
}

/** `what` is "GET /api/v1/status". */
export type Caller = (what: string, options?: CallOptions) => Promise<Called>;

export function caller(
  to: { readonly port: number; readonly isTls?: boolean } | { readonly socketPath: string },
): Caller {
  return (what, { headers = {}, body, raw, token, cookie } = {}) =>
    new Promise((resolve, reject) => {
      const [method = "GET", path = "/"] = what.split(" ", 2);
      const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
      const isTls = "isTls" in to && to.isTls === true;
      const call = (isTls ? httpsRequest : httpRequest)(
        {
          ...("port" in to ? { host: "127.0.0.1", port: to.port } : { socketPath: to.socketPath }),
          method,
          path,
          rejectUnauthorized: false,
          agent: false,
          headers: {
            ...(text === undefined && (method === "GET" || method === "DELETE")
              ? {}
              : { "content-type": "application/json" }),
            ...(text === undefined ? {} : { "content-length": String(Buffer.byteLength(text)) }),
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
            ...(cookie === undefined ? {} : { cookie: `asicd_session=${cookie}` }),
            ...headers,
          },
        },
        (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part: Buffer) => parts.push(part));
          response.on("end", () => {
            const bytes = Buffer.concat(parts);
            const isJson = response.headers["content-type"]?.startsWith("application/json");
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: bytes.toString("utf8"),
              bytes,
              body:
                isJson === true && bytes.length > 0
                  ? JSON.parse(bytes.toString("utf8"))
                  : undefined,
              session: /asicd_session=([\w-]+);/.exec(String(response.headers["set-cookie"]))?.[1],
            });
          });
          response.on("error", reject);
        },
      );
      call.on("error", reject);
      call.end(text);
    });
}

/** Resolves when it is so; sockets end in their own time. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** The code of a refusal. */
export function codeOf({ body }: Pick<Called, "body">): string | undefined {
  return (body as { error?: { code?: string } } | undefined)?.error?.code;
}
