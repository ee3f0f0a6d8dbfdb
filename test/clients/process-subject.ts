/** A whole `asicd simulate`: every process, real time, and the operator's way in for everything that is done to it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Persona, Status } from "../../src/api/status.ts";
import { start } from "../interop/children.ts";
import type { Subject, SubjectState } from "./subject.ts";

const PASSWORD = "operator-of-this-run";
const PERSONA_PASSWORD = "persona-password-of-this-run";
/** Bring-up of a whole board takes half a minute, and boards that were on must be empty first. */
const ENTERED_WITHIN_MS = 120_000;
const ASK_EVERY_MS = 250;
const MAX_CLEARED = 3;

export interface ProcessSubjectOptions {
  /** The built asicd.js. */
  readonly program: string;
  readonly board: string;
  readonly persona: Persona;
  readonly address: string;
  /** Of `asicd simulate`, e.g. faults and pools. */
  readonly options?: readonly string[];
  /** Hears of what was not meant to happen and is no failure. */
  readonly note: (text: string) => void;
}

/** Resolves when its page is there; rejects with Error that says what came instead. */
export async function processSubject({
  program,
  board,
  persona,
  address,
  options = [],
  note,
}: ProcessSubjectOptions): Promise<Subject & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), "asicd-clients-"));
  const child = start("asicd", process.execPath, [
    ...[program, "simulate", "--board", board, "--page", `${address}:80`, "--state-dir", folder],
    // Off in a simulation unless it is asked for.
    ...["--set", `compat.cgminer={"enabled":true,"listen":["${address}:4028"]}`],
    ...["--set", `compat.persona=${persona}`, ...options],
    // Several of them run at a time.
    ...["--workers", "1"],
  ]);
  const forget = () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  // Also when the run is interrupted.
  process.once("exit", forget);
  const close = async () => {
    await child.end();
    process.off("exit", forget);
    forget();
  };
  const origin = `http://${address}`;
  let cookie = "";
  const send = async (method: string, path: string, body: unknown): Promise<void> => {
    const response = await fetch(`${origin}/api/v1${path}`, {
      method,
      headers: { "content-type": "application/json", origin, cookie },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    cookie = response.headers.get("set-cookie")?.split(";")[0] ?? cookie;
  };
  const truth = async (): Promise<Status> => {
    const response = await fetch(`${origin}/api/v1/status`);
    if (!response.ok) throw new Error(`GET /status: ${response.status} ${await response.text()}`);
    return (await response.json()) as Status;
  };
  /** The status that it is so by; the last one, or none, when it does not become so. */
  const becomes = async (
    isSo: (status: Status) => boolean,
  ): Promise<readonly [isSo: boolean, last: Status | undefined]> => {
    const untilMs = performance.now() + ENTERED_WITHIN_MS;
    let last: Status | undefined;
    while (child.isRunning && performance.now() < untilMs) {
      last = await truth().catch(() => last);
      if (last !== undefined && isSo(last)) return [true, last];
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
    return [false, last];
  };
  try {
    const [isThere] = await becomes(() => true);
    if (!isThere) throw new Error(`no page at ${address}: ${child.lines.slice(-5).join("\n")}`);
    await send("POST", "/password", { new: PASSWORD });
    await send("POST", "/session", { password: PASSWORD });
    await send("POST", "/persona-password", { password: PERSONA_PASSWORD });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    address,
    persona,
    personaPassword: PERSONA_PASSWORD,
    kind: "asicd simulate",
    isLive: true,
    truth,
    async enter(state) {
      const { paused } = await truth();
      if (paused !== (state === "paused"))
        await send("POST", `/actions/${state === "paused" ? "pause" : "resume"}`, {});
      const hasLatched = ({ boards }: Status) => boards.some((board) => board.state === "latched");
      const isThere = isState[state];
      const mustMine = state === "mining" || state === "crippled";
      const mustClear = (status: Status) => mustMine && !isThere(status) && hasLatched(status);
      let [, last] = await becomes((status) => isThere(status) || mustClear(status));
      for (let i = 0; i < MAX_CLEARED && last !== undefined && mustClear(last); i++) {
        // On a computer that is too busy the guard's transfers come back late, and it is right to latch.
        note(`${address}: ${last.summary.sentence}; cleared by hand`);
        for (const { index, state: at, reason } of last.boards)
          if (at === "latched")
            await send("POST", "/actions/clear-trip", { chain: index, reason: reason ?? "" });
        await becomes((status) => !hasLatched(status));
        [, last] = await becomes((status) => isThere(status) || mustClear(status));
      }
      if (last !== undefined && isThere(last)) return;
      const boards = last?.boards.map(
        ({ state: is, power, hashrateHps }) => `${is}, power ${power}, ${hashrateHps.s5} H/s`,
      );
      const pools = last?.pools.map((pool) => `${pool.state}: ${pool.why}`);
      const parts = [last?.summary.sentence, boards?.join(" / "), pools?.join(" / ")];
      throw new Error(`it does not become ${state}: ${parts.join("; ")}`);
    },
    setFirstPool: (url, user) =>
      send("PATCH", "/config", {
        changes: [
          { path: "pools[0].url", value: url },
          { path: "pools[0].user", value: user },
        ],
      }),
    [Symbol.asyncDispose]: close,
  };
}

const mines = ({ state, hashrateHps }: Status["boards"][number]) =>
  state === "hashing" && hashrateHps.s5 > 0;
/** Once the fans are known at all. */
const hasLostFan = ({ fans }: Status) => fans.required > 0 && fans.turning < fans.required;
const mustHaveDied = ({ boards }: Status) => (boards.length > 1 ? 1 : 0);

const isState: Readonly<Record<SubjectState, (status: Status) => boolean>> = {
  mining: ({ boards }) => boards.every(mines),
  paused: ({ boards }) =>
    boards.every(({ power, hashrateHps }) => power === "off" && hashrateHps.s5 === 0),
  crippled: (status) =>
    status.boards.filter(mines).length === status.boards.length - mustHaveDied(status) &&
    status.boards.filter(({ state }) => state === "absent").length === mustHaveDied(status) &&
    status.pools[0]?.state === "down" &&
    status.pools[1]?.state === "active" &&
    !hasLostFan(status),
  broken: (status) =>
    status.pools[0]?.state === "down" &&
    hasLostFan(status) &&
    status.boards.every(({ power, hashrateHps }) => power === "off" && hashrateHps.s5 === 0),
};
