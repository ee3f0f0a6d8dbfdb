/** Everybody who looks at a machine, in a process of their own that comes last: in truth they are other computers. */
import { setPriority } from "node:os";
import { type Clients, openClients } from "../operator/soak/clients.ts";
import { MESSAGES } from "../operator/soak/live-reader.ts";
import type { PolledMachine } from "../operator/soak/poller.ts";
import { Tally } from "../operator/soak/tally.ts";
import { serve } from "./child.ts";

export interface ClientLoad {
  readonly machine: PolledMachine;
  readonly pages: number;
  readonly pollers: number;
}

export interface ClientVisit {
  /** Answers to pollers. */
  readonly polls: number;
  /** Of all live streams. */
  readonly messages: number;
  /** What was no answer, in words; some of each kind. */
  readonly failed: readonly string[];
}

const LOWEST_PRIORITY = 19;
const COME_WITHIN_MS = 500;
/** Longer than any visit: pages are loaded when they come, and then only listen. */
const NEVER_MS = 3_600_000;

let clients: Clients | undefined;
let tally = new Tally();

const tasks = {
  come({ machine, pages, pollers }: ClientLoad): void {
    tally = new Tally();
    clients = openClients(machine, tally, {
      ...{ pages, pollers, slowReaders: 0, operators: 0 },
      pagesComeWithinMs: COME_WITHIN_MS,
      openAnewEveryMs: NEVER_MS,
    });
  },
  async leave(_: undefined): Promise<ClientVisit> {
    await clients?.leave();
    const polls = tally.rows.filter(({ kind }) => kind.startsWith("poll, "));
    return {
      polls: polls.reduce((sum, { count }) => sum + count, 0),
      messages: tally.count(MESSAGES),
      failed: tally.rows.flatMap(({ kind, failed }) => failed.map((what) => `${kind}: ${what}`)),
    };
  },
};

export type ClientTasks = typeof tasks;

export function runClients(): void {
  setPriority(LOWEST_PRIORITY);
  serve(tasks);
}
