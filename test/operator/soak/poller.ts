/** What fleet tools and dashboards do: ask the same again every second. */
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { HttpClient } from "./http-client.ts";
import type { Tally } from "./tally.ts";

const EVERY_MS = 1_000;
const CGMINER_WITHIN_MS = 10_000;

/** Where they ask; without `cgminer` nobody asks there. */
export interface PolledMachine {
  readonly url: string;
  readonly boards: number;
  readonly cgminer?: { readonly host: string; readonly port: number };
}

interface Question {
  readonly kind: string;
  readonly ask: (client: HttpClient) => Promise<void>;
}

/**
 * Asks until `signal` says that it is over; `number` chooses what is asked first, so that many pollers ask for everything
 * in every second.
 */
export async function poll(
  machine: PolledMachine,
  tally: Tally,
  number: number,
  signal: AbortSignal,
): Promise<void> {
  const questions = questionsFor(machine);
  using client = new HttpClient(machine.url);
  // Spread over the second, as clients are that know nothing of each other.
  let dueMs = performance.now() + ((number * 383) % EVERY_MS);
  for (let turn = number; !signal.aborted; turn++) {
    const waitMs = dueMs - performance.now();
    await sleep(Math.max(0, waitMs), undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const question = questions[turn % questions.length];
    if (question !== undefined) await tally.time(question.kind, () => question.ask(client));
    dueMs = Math.max(dueMs + EVERY_MS, performance.now());
  }
}

function questionsFor({ boards, cgminer }: PolledMachine): readonly Question[] {
  const get = (kind: string, path: string, expected: RegExp): Question => ({
    kind,
    async ask(client) {
      const { body } = await client.read(path);
      if (!expected.test(body)) throw new Error(`GET ${path}: ${body.slice(0, 200)}`);
    },
  });
  const chips = Array.from({ length: boards }, (_, board) =>
    get("poll, chips", `/api/v1/boards/${board}/chips`, /^\{"chips":\[/),
  );
  const series = "hashrate,board.0.temperature";
  const questions = [
    get("poll, status", "/api/v1/status", /^\{"unixSeconds":/),
    get("poll, metrics", "/metrics", /^# EOF$|^# TYPE /m),
    get("poll, history", `/api/v1/history?series=${series}&maxPoints=500`, /^\{"stepS":/),
    ...chips,
  ];
  if (cgminer === undefined) return questions;
  const ask = () => askCgminer(cgminer);
  return [...questions, { kind: "poll, cgminer summary", ask }];
}

/** One question on a connection of its own, as this interface has it. */
async function askCgminer({ host, port }: { host: string; port: number }): Promise<void> {
  const socket = connect({ host, port, timeout: CGMINER_WITHIN_MS });
  socket.once("timeout", () => socket.destroy(new Error("cgminer: no answer")));
  socket.write('{"command":"summary"}');
  const answer = await text(socket);
  if (!answer.includes('"SUMMARY"')) throw new Error(`cgminer summary: ${answer.slice(0, 200)}`);
}
