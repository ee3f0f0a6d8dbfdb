/** A whole `asicd simulate` with page and cgminer API on free ports, its state in a folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Report } from "../../../firmware/cli/report.ts";
import type { Status } from "../../../src/api/status.ts";
import { HttpClient } from "./http-client.ts";
import type { PolledMachine } from "./poller.ts";
import { type ProcessTree, processTreeOf, raise } from "./process-tree.ts";

const HOST = "127.0.0.1";
const HASHING_WITHIN_MS = 90_000;
const ASK_EVERY_MS = 250;
const ENDS_WITHIN_MS = 15_000;
/** What is kept of its log, for the case that it does not come up. */
const KEPT_LOG_CHARS = 4_000;

export interface SimulatedMachine extends AsyncDisposable {
  readonly polled: Required<PolledMachine>;
  readonly pids: ProcessTree;
  /** Ends it in order. Resolves with its report; rejects with Error when there is none. */
  finish(): Promise<Report>;
}

export interface MachineOptions {
  /** The built asicd.js, with the other programs beside it. */
  readonly program: string;
  readonly arguments: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Resolves when every board hashes. */
export async function openSimulatedMachine(options: MachineOptions): Promise<SimulatedMachine> {
  const folder = mkdtempSync(join(tmpdir(), "asicd-soak-"));
  const [page, cgminer] = await freePorts();
  const asicd = spawn(
    process.execPath,
    [
      ...[options.program, "simulate", "--json", "--page", `${HOST}:${page}`],
      ...["--state-dir", folder, "--set", "compat.cgminer.enabled=true"],
      ...["--set", `compat.cgminer.listen=["${HOST}:${cgminer}"]`, ...options.arguments],
    ],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...options.env } },
  );
  let log = "";
  asicd.stderr.setEncoding("utf8").on("data", (part: string) => {
    log = (log + part).slice(-KEPT_LOG_CHARS);
  });
  const report = text(asicd.stdout);
  const close = async () => {
    await end(asicd);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const url = `http://${HOST}:${page}`;
    const boards = await hashing(url, asicd);
    const pids = processTreeOf(asicd.pid as number);
    raise(pids);
    return {
      polled: { url, boards, cgminer: { host: HOST, port: cgminer } },
      pids,
      async finish() {
        await end(asicd);
        const told = await report;
        if (told.trim() === "") throw new Error(`asicd left no report; its log ends: ${log}`);
        return JSON.parse(told) as Report;
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    const { message } = error as Error;
    throw new Error(`${message}; the log of asicd ends: ${log}`, { cause: error });
  }
}

/** Resolves with the number of boards when all of them hash. */
async function hashing(url: string, asicd: ChildProcess): Promise<number> {
  using client = new HttpClient(url);
  const untilMs = performance.now() + HASHING_WITHIN_MS;
  while (asicd.exitCode === null && asicd.signalCode === null && performance.now() < untilMs) {
    const reply = await client.ask("/api/v1/status").catch(() => undefined);
    if (reply?.status === 200) {
      const { boards } = JSON.parse(reply.body) as Status;
      if (boards.length > 0 && boards.every(({ state }) => state === "hashing"))
        return boards.length;
    }
    await sleep(ASK_EVERY_MS);
  }
  throw new Error("the boards do not hash");
}

/** Both open at once, so that they differ. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once("error", reject);
          server.listen(0, HOST, () => resolve((server.address() as { port: number }).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return [ports[0] ?? 0, ports[1] ?? 0];
}

async function end(asicd: ChildProcess): Promise<void> {
  if (asicd.exitCode !== null || asicd.signalCode !== null) return;
  const ended = new Promise((resolve) => asicd.once("exit", resolve));
  asicd.kill("SIGTERM");
  const late = setTimeout(() => asicd.kill("SIGKILL"), ENDS_WITHIN_MS);
  await ended;
  clearTimeout(late);
}
