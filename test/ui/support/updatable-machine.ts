/**
 * `asicd run` under its real launcher in a folder with slots, as a package installs it, and a page on a port of its own. Its board
 * is none that this computer has: its guard refuses it before an update and after it, which is no fault of a version.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, start } from "../../interop/children.ts";
import { freePort } from "../../interop/ports.ts";
import { realTree } from "../../update/real-tree.ts";
import {
  installedShells,
  ScratchMachine,
  type UpdateWish,
  updateFile,
} from "../../update/scratch-machine.ts";

const ANSWERS_WITHIN_MS = 60_000;
const ASK_EVERY_MS = 200;
/** That of asicd to its init: start me again. */
const AGAIN = 75;

export interface UpdatableMachine extends AsyncDisposable {
  readonly url: string;
  /** What it wrote last, for when something fails. */
  readonly lines: readonly string[];
  /** A file that brings `version`, made of the same programs. */
  update(version: string, wish?: Partial<UpdateWish>): Buffer;
}

/** `root`: of the repository, whose dist/ is built. Resolves when its page answers. */
export async function updatableMachine(root: string): Promise<UpdatableMachine> {
  const dist = join(root, "dist");
  const machine = new ScratchMachine("ends", join(root, "firmware/update/launch.sh"));
  machine.putFiles(machine.paths.tree("base"), realTree(dist, "0.1.0"));
  const address = `127.0.0.1:${await freePort()}`;
  const config = {
    version: 1,
    machine: { board: "s19j-pro-bb" },
    // Port 1 is that of a service that no machine of today offers (tcpmux, RFC 1078).
    pools: [{ url: "stratum+tcp://127.0.0.1:1", user: "asicd.one", name: "home" }],
    api: { listen: [address] },
    compat: { cgminer: { enabled: false } },
    mdns: { enabled: false },
    paths: { stateDir: join(machine.root, "state"), runtimeDir: join(machine.root, "run") },
  };
  writeFileSync(machine.configFile, JSON.stringify(config));
  const [found] = installedShells();
  if (found === undefined) throw new Error("there is neither dash nor busybox");
  const [, [shell = "", ...words]] = found;
  let child: Child;
  let isClosed = false;
  // As init does it for a service that is to be there.
  const run = () => {
    child = start(
      "launch",
      shell,
      [...words, machine.paths.launcher, "run", "--config", machine.configFile],
      { env: machine.environment({ ASICD_TRIAL_SECONDS: "", ASICD_KILL_AFTER_SECONDS: "" }) },
    );
    void child.ended.then(({ code }) => {
      if (code === AGAIN && !isClosed) run();
    });
  };
  run();
  const url = `http://${address}`;
  const made: UpdatableMachine = {
    url,
    get lines() {
      return child.lines;
    },
    update: (version, wish) =>
      Buffer.from(updateFile({ version, files: realTree(dist, version), ...wish })),
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await child.end();
      machine[Symbol.dispose]();
    },
  };
  const untilMs = performance.now() + ANSWERS_WITHIN_MS;
  while (!(await answers(url))) {
    if (performance.now() > untilMs) {
      await made[Symbol.asyncDispose]();
      throw new Error(`asicd run shows no page\n${made.lines.slice(-5).join("\n")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  return made;
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
