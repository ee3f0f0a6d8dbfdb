/** A whole `asicd simulate` with three virtual boards: every process, real time, and its page on a port of its own. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Status } from "../../../src/api/status.ts";
import { type Child, start } from "../../interop/children.ts";
import { freePort } from "../../interop/ports.ts";
import type { TestedMachine } from "./tested-machine.ts";

/** Bring-up of three boards takes its time, on two busy cores too. */
const MINES_WITHIN_MS = 120_000;
const ASK_EVERY_MS = 200;

/** The air that comes in, from when the boards hash: a fire, so that nobody waits for a slow cooker; below 5 °C/s in a sensor. */
const HEAT = "25s ambient temperatureC=250";

/** `program` is the built asicd.js. Resolves when it mines; rejects with Error that says how far it came. */
export async function simulatedMachine(program: string): Promise<TestedMachine> {
  const folder = mkdtempSync(join(tmpdir(), "asicd-e2e-"));
  const address = `127.0.0.1:${await freePort()}`;
  const run = (faults: readonly string[]): Child =>
    start("asicd", process.execPath, [
      ...[program, "simulate", "--page", address, "--state-dir", folder],
      // No ramp of the clock: it hashes as soon as its chips are known; and one core stays for browser and guard.
      ...["--frequency", "60", "--workers", "1", "--set", "pools[0].name=home"],
      ...faults.flatMap((fault) => ["--fault", fault]),
    ]);
  let child = run([]);
  let stopped: number | undefined;
  const letGoOn = () => {
    if (stopped !== undefined) signal(stopped, "SIGCONT");
    stopped = undefined;
  };
  // What stands still does not notice that everything else has ended.
  process.once("exit", letGoOn);
  const close = async () => {
    letGoOn();
    process.off("exit", letGoOn);
    await child.end();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    const { pools } = await becomes(child, address, ({ boards }) =>
      boards.every(({ state }) => state === "hashing"),
    );
    return {
      url: `http://${address}`,
      poolUrl: pools[0]?.url ?? "",
      async restarting(act) {
        const before = operatorOf(child);
        await act();
        await becomes(child, address, () => ![undefined, before].includes(operatorOf(child)));
      },
      async overheat() {
        // As after a power cut: with its passwords, sessions and events, into a room that is on fire.
        await child.end();
        child = run([HEAT]);
      },
      async goAway() {
        stopped = operatorOf(child);
        if (stopped === undefined) throw new Error("asicd has no operator process");
        signal(stopped, "SIGSTOP");
      },
      async comeBack() {
        letGoOn();
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function becomes(
  child: Child,
  address: string,
  isSo: (status: Status) => boolean,
): Promise<Status> {
  const untilMs = performance.now() + MINES_WITHIN_MS;
  let sentence = "it tells nothing";
  while (child.isRunning && performance.now() < untilMs) {
    const status = await statusAt(address);
    if (status !== undefined && isSo(status)) return status;
    sentence = status?.summary.sentence ?? sentence;
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  throw new Error(
    `asicd simulate does not come so far: ${sentence}\n${child.lines.slice(-5).join("\n")}`,
  );
}

async function statusAt(address: string): Promise<Status | undefined> {
  try {
    return (await (await fetch(`http://${address}/api/v1/status`)).json()) as Status;
  } catch {
    return undefined;
  }
}

/** `undefined` between two of them. */
function operatorOf({ pid }: Child): number | undefined {
  const found = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .find((name) => parentOf(name) === pid && commandOf(name).includes("operator.js"));
  return found === undefined ? undefined : Number(found);
}

/** proc(5): the name in stat can hold blanks and brackets, so that what follows counts from its end. */
function parentOf(name: string): number {
  const stat = readFor(`/proc/${name}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")")).split(" ")[2]);
}

function commandOf(name: string): string {
  return readFor(`/proc/${name}/cmdline`);
}

/** Empty for a process that has ended meanwhile. */
function readFor(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Its supervisor has replaced it.
  }
}
