/** Page, API, metrics and the HTTP interfaces of other firmware: what each of them needs, put together. */
import { join } from "node:path";
import type { OperatorDevice } from "../../src/api/operator-device.ts";
import type { OperatorSetup } from "../../src/api/operator-link.ts";
import { rootPageMeta } from "../../src/compat/root-page.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Platform } from "../../src/ports/platform.ts";
import { findFolder } from "../programs.ts";
import { asRoot } from "../service-user.ts";
import { launchedBy } from "../update/boot-file.ts";
import { compatRoutes } from "./compat-routes.ts";
import { freeAddresses } from "./free-addresses.ts";
import { type HttpServer, startHttp } from "./http/start-http.ts";
import { tlsMaterial } from "./http/tls.ts";
import type { LogRing } from "./log-ring.ts";
import { metricsRoute } from "./metrics.ts";
import { poolTester } from "./pool-test.ts";
import { readGate } from "./read-gate.ts";
import { openKeyring } from "./secrets-file.ts";
import { supportBundle } from "./support-bundle.ts";
import { updateReceiver } from "./update-upload.ts";

export interface ServePageParts {
  readonly setup: OperatorSetup;
  readonly device: OperatorDevice;
  readonly platform: Platform;
  /** Of this process alone. */
  readonly folder: string;
  readonly logs: LogRing;
  readonly secrets: () => Iterable<string>;
  readonly log: Logger;
}

export interface ServedPage {
  readonly http: HttpServer;
  readonly passwordSet: () => boolean;
}

/** `undefined` when it may not be served: the log says why. */
export async function servePage(parts: ServePageParts): Promise<ServedPage | undefined> {
  const { setup, device, platform, folder, logs, secrets, log } = parts;
  const { facts, stateDir, runtimeDir, mayMovePort } = setup;
  const { clock, entropy } = platform;
  const { api, metrics, name } = device.effective;
  const settings = () => device.effective.api;
  const launched = launchedBy(process.env);
  const persona = () => device.status().device.persona;
  let keyring: Awaited<ReturnType<typeof openKeyring>>;
  try {
    keyring = await openKeyring({ stateDir, clock, entropy, log });
  } catch (error) {
    // Without it anybody could set a password: better no page than everybody's.
    log.error({ err: error }, "page and API are not served: the passwords cannot be read");
    return undefined;
  }
  const tls = await tlsMaterial({
    api,
    folder,
    names: [facts.hostname, `${name}.local`, ...api.hosts],
    addresses: facts.ipv4 === null ? [] : [facts.ipv4],
    nowUnixSeconds: clock.unixSeconds(),
    log,
  });
  const identity = {
    vendor: `asicd ${facts.version}`,
    hardwareVersion: facts.chips ?? "",
    firmware: `asicd ${facts.version}`,
    deviceId: "",
  };
  const listen = mayMovePort ? await asRoot(() => freeAddresses(api.listen)) : api.listen;
  const start = () =>
    startHttp({
      device,
      keyring,
      config: () => device.effective,
      hostname: facts.hostname,
      version: facts.version,
      clock,
      entropy,
      listen,
      unixSocket: join(runtimeDir, "operator.sock"),
      ...(tls === undefined ? {} : { tls }),
      uiFolder: findFolder("ui"),
      pageHead: rootPageMeta(persona()),
      logs,
      testPool: poolTester({ clock, entropy, dial: platform.dial, identity }),
      bundle: supportBundle({
        device,
        logText: () => logs.text,
        secrets,
        version: facts.version,
        clock,
      }),
      ...(launched === undefined
        ? {}
        : {
            receiveUpdate: updateReceiver({
              folder,
              root: launched.root,
              configVersion: device.effective.version,
              clock,
            }),
          }),
      log,
      extraRoutes: [
        compatRoutes({
          device,
          clock,
          entropy,
          persona,
          personaHa1: () => keyring.personaHa1,
          publicRead: () => settings().publicRead,
        }),
        ...(metrics.enabled
          ? [metricsRoute(device, { preHandler: readGate(keyring, settings) })]
          : []),
      ],
    });
  const http = await asRoot(start);
  log.info({ pages: http.addresses, problems: http.problems }, "page and API are served");
  return { http, passwordSet: () => keyring.passwordSet };
}
