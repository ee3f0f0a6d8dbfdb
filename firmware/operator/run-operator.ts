/** Puts the operator process together: one device, and everything through which people and their tools reach it. */
import { join } from "node:path";
import { OperatorDevice } from "../../src/api/operator-device.ts";
import {
  OPERATOR_BEAT_MS,
  type OperatorMessage,
  type OperatorSetup,
  type SupervisorMessage,
} from "../../src/api/operator-link.ts";
import { secretsIn } from "../../src/api/scrub.ts";
import type { Link } from "../../src/control/guard-link.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { MachineEvent } from "../../src/telemetry/event.ts";
import { readEvents } from "../event-file.ts";
import { linuxPlatform } from "../platform/linux-platform.ts";
import { actAs, asRoot, becomeUser, ownFolder } from "../service-user.ts";
import { announcedPage, pageUrl } from "./announced-page.ts";
import { startCgminer } from "./cgminer-server.ts";
import { openEventStore } from "./event-store.ts";
import { openHistory } from "./history-file.ts";
import { LogRing } from "./log-ring.ts";
import { startMdns } from "./mdns.ts";
import { OPERATOR_FOLDER } from "./secrets-file.ts";
import { type ServedPage, servePage } from "./serve-page.ts";
import { startWebhook } from "./webhook.ts";

const CHIPS_EVERY_MS = 30_000;

export interface OperatorParts {
  readonly setup: OperatorSetup;
  readonly link: Link<OperatorMessage, SupervisorMessage>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told to stop, or the supervisor is gone. */
  readonly stopping: AbortSignal;
}

interface Closable {
  close(): Promise<void>;
}

/** Resolves after `stopping`, when ports are closed and files written. */
export async function runOperator(parts: OperatorParts): Promise<void> {
  const { setup, link, clock, log, stopping } = parts;
  const { facts, eventsFile } = setup;
  const platform = linuxPlatform();
  const { entropy } = platform;
  let secrets = secretsIn(setup.config.effective);
  const logs = new LogRing(() => secrets);
  // From here on, or what is told while files are read is lost.
  using _messages = link.onMessage((message) => {
    if (message.tell === "log") logs.add(message.line);
    if (message.tell === "config") secrets = secretsIn(message.config.effective);
  });

  // All that follows may be somebody else's doing: links in its folder lead root nowhere.
  const guardEvents = await readEvents(eventsFile);
  const folder = join(setup.stateDir, OPERATOR_FOLDER);
  ownFolder(folder, setup.dropTo);
  if (setup.dropTo !== undefined) actAs(setup.dropTo);
  const events = await openEventStore({
    ownFile: join(folder, "events.jsonl"),
    guardEvents,
    clock,
    log,
  });
  const history = await openHistory({
    folder: join(folder, "history"),
    clock,
    boards: facts.boards.length,
    chipsPerBoard: facts.boards.map(({ chipCount }) => chipCount),
    log,
  });
  const early: MachineEvent[] = [];
  // Nothing is written while root's rights are back for a moment.
  let keep: (event: MachineEvent) => void = (event) => early.push(event);
  const device = new OperatorDevice({
    setup,
    link,
    clock,
    history,
    memoryBytes: () => process.memoryUsage.rss(),
    earlierEvents: events.earlier,
    keep: (event) => keep(event),
  });
  using _status = device.onStatus((status) => {
    // Its files are those of the machine that it was, with other boards, or will be.
    if (status.unnamed === null) history.take(status);
  });
  using _chips = clock.every(CHIPS_EVERY_MS, () => {
    for (const board of facts.boards.keys()) history.takeChips(board, device.chips(board) ?? []);
  });

  const open: Closable[] = [];
  const { api, compat, mdns, mqtt, webhook } = device.effective;
  let page: ServedPage | undefined;
  // Before the page: who logs in there writes files.
  const cgminer = await asRoot(() =>
    startCgminer({
      device,
      config: () => device.effective.compat.cgminer,
      clock,
      log,
      mayMovePort: setup.mayMovePort,
      publicRead: () => device.effective.api.publicRead,
      // Without a page there is no password; with one that cannot be served, nobody knows.
      passwordSet: () => (api.enabled ? (page?.passwordSet() ?? false) : true),
    }),
  );
  open.push(cgminer);
  if (compat.cgminer.enabled) log.info({ addresses: cgminer.addresses }, "cgminer API is served");
  page = api.enabled
    ? await servePage({
        setup,
        device,
        platform,
        folder,
        logs,
        secrets: () => secrets,
        log,
      })
    : undefined;
  const http = page?.http;
  if (http !== undefined) open.push(http);
  /** More of them when a port that was taken is free. */
  const listening = () => (http?.addresses ?? []).filter((address) => !address.startsWith("unix:"));
  if (setup.dropTo !== undefined) becomeUser(setup.dropTo);
  keep = (event) => events.keep(event);
  for (const event of early.splice(0)) keep(event);

  if (mqtt !== undefined) {
    const url = pageUrl(announcedPage(listening()), facts.ipv4);
    const wanted = () => device.effective.mqtt;
    const ownPage = url === undefined ? {} : { pageUrl: url };
    // Its package takes 11 MB when it is loaded: only who wants it pays for it.
    const { startMqtt } = await import("./mqtt.ts");
    open.push(startMqtt({ device, config: mqtt, wanted, clock, entropy, log, ...ownPage }));
  }
  if (webhook !== undefined)
    open.push(startWebhook({ device, config: webhook, clock, entropy, log }));

  let isAnnounced = !mdns.enabled;
  const beat = () => {
    link.send({ tell: "beat", listening: listening() });
    if (isAnnounced || stopping.aborted || announcedPage(listening()) === null) return;
    isAnnounced = true;
    open.push(startMdns({ device, listening: listening(), clock, log }));
  };
  beat();
  using _beats = clock.every(OPERATOR_BEAT_MS, beat);
  await new Promise<void>((resolve) => {
    if (stopping.aborted) resolve();
    else stopping.addEventListener("abort", () => resolve(), { once: true });
  });
  await Promise.allSettled(open.map((one) => one.close()));
  await device[Symbol.asyncDispose]();
  await Promise.allSettled([history.close(), events.close()]);
  link.send({ tell: "stopped" });
}
