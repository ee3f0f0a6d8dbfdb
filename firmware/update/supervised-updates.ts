/** What the supervisor of a launched asicd does about updates: answers the API, and proves itself while it is on trial. */
import { connect } from "node:net";
import { poolGroups } from "../../src/config/pool-groups.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { SettingsDesk } from "../config-desk.ts";
import type { Supervisor } from "../supervisor.ts";
import { slotDisk } from "./slot-disk.ts";
import { startTrialReporter } from "./trial-reporter.ts";
import { UpdateDesk, type UpdateDeskParts } from "./update-desk.ts";

const REFRESH_MS = 5_000;
const ANSWER_WITHIN_MS = 10_000;

export interface UpdatesParts extends UpdateDeskParts {
  readonly supervisor: Pick<Supervisor, "machine" | "guardView" | "restarts">;
  /** Why nobody knows which machine this is. */
  readonly undriven?: string;
  readonly settings: Pick<SettingsDesk, "loaded">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of the API, for root and asicd alone. */
  readonly socket: string;
  /** Of the operator process. */
  readonly restarts: () => number;
}

export interface Updates extends Disposable {
  readonly desk: UpdateDesk;
}

export function startUpdates(parts: UpdatesParts): Updates {
  const { launched, supervisor, undriven, settings, clock, log, socket, restart } = parts;
  const desk = new UpdateDesk(parts);
  const refreshing = clock.every(REFRESH_MS, () => desk.refresh());
  if (!launched.isOnTrial) return { desk, [Symbol.dispose]: () => refreshing[Symbol.dispose]() };
  const parent = process.ppid;
  const reporter = startTrialReporter({
    launched,
    clock,
    log,
    disk: slotDisk,
    async observe() {
      const { loaded } = settings;
      const { machine, guardView } = supervisor;
      return {
        guard: guardView,
        machine: machine ?? null,
        ...(undriven === undefined ? {} : { unnamed: undriven }),
        api: !loaded.api.enabled ? "off" : (await answers(socket)) ? "answers" : "silent",
        hasPools: poolGroups(loaded).some(({ pools }) => pools.length > 0),
        restarts: supervisor.restarts + (machine?.minerProcess.restarts ?? 0) + parts.restarts(),
      };
    },
    restart,
    onWaiting: (trial) => desk.tellTrial(trial),
    onChange: () => desk.refresh(),
    hasLauncher: () => process.ppid === parent,
    onOrphaned: () => process.kill(process.pid, "SIGTERM"),
  });
  return {
    desk,
    [Symbol.dispose]() {
      refreshing[Symbol.dispose]();
      reporter[Symbol.dispose]();
    },
  };
}

/** A real request over the socket, without loading a client for it. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    let heard = "";
    const call = connect(path);
    const end = (isAnswered: boolean) => {
      call.destroy();
      resolve(isAnswered);
    };
    call.setTimeout(ANSWER_WITHIN_MS, () => end(false));
    call.once("error", () => end(false));
    call.once("close", () => end(false));
    call.setEncoding("latin1").on("data", (text: string) => {
      heard += text;
      if (heard.length >= 12) end(/^HTTP\/1\.[01] 200/.test(heard));
    });
    call.write("GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  });
}
