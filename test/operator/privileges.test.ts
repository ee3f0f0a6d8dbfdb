/** The operator process as root starts it: what its unprivileged user may have left behind leads root nowhere. */
import { type ChildProcess, fork } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openKeyring } from "../../firmware/operator/secrets-file.ts";
import { esbuildOptions } from "../../firmware/packaging/options.mjs";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import { systemEntropy } from "../../firmware/platform/system-entropy.ts";
import type { OperatorMessage, OperatorSetup } from "../../src/api/operator-link.ts";
import { silentLog } from "../../src/lib/log.ts";
import { sampleConfig, sampleFacts } from "../support/operated-device.ts";
import { caller, QUICK_SCRYPT } from "./http/served.ts";

/** Nobody's on any machine. */
const USER = { uid: 54_321, gid: 54_321 };
const SECRET = "root's own\n";

let programs: string;
let folder: string;
let child: ChildProcess | undefined;
beforeAll(async () => {
  programs = openFolder("asicd-operator-program-");
  mkdirSync(join(programs, "ui"));
  await build({
    ...esbuildOptions("0.0.0"),
    entryPoints: [resolve(import.meta.dirname, "../../firmware/operator/main.ts")],
    outfile: join(programs, "operator.mjs"),
  });
});
afterAll(() => rmSync(programs, { recursive: true, force: true }));
beforeEach(() => {
  folder = openFolder("asicd-privileges-");
});
afterEach(() => {
  child?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function openFolder(prefix: string): string {
  const made = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(made, 0o755);
  return made;
}

const state = () => join(folder, "state");
const own = (name: string) => join(state(), "operator", name);
const socketPath = () => join(folder, "run/operator.sock");

function setup(listen: string, changes: Partial<OperatorSetup> = {}): OperatorSetup {
  return {
    facts: sampleFacts,
    config: sampleConfig({
      api: { listen: [listen], tls: "generated" },
      compat: { cgminer: { enabled: true, listen: ["127.0.0.1:0"] } },
      mdns: { enabled: false },
    }),
    stateDir: state(),
    runtimeDir: join(folder, "run"),
    mayMovePort: false,
    eventsFile: join(state(), "events.jsonl"),
    logLevel: "info",
    dropTo: USER,
    ...changes,
  };
}

interface Running {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly listening: Promise<readonly string[]>;
  readonly ended: Promise<number | null>;
}

function operator(): Running {
  const started = fork(join(programs, "operator.mjs"), [], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    serialization: "advanced",
    execArgv: [],
  });
  child = started;
  let output = "";
  started.stderr?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const ended = new Promise<number | null>((resolve) => started.once("exit", resolve));
  const listening = new Promise<readonly string[]>((resolve, reject) => {
    started.on("message", (message: OperatorMessage) => {
      if (message.tell === "beat") resolve(message.listening);
    });
    void ended.then((code) => reject(new Error(`exit code ${code}: ${output}`)));
  });
  listening.catch(() => {});
  return { child: started, output: () => output, listening, ended };
}

async function lowPort(): Promise<number> {
  for (let port = 1_023; port > 600; port--) {
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
  throw new Error("no port below 1024 is free");
}

function ids(pid: number): Record<string, string> {
  const lines = readFileSync(`/proc/${pid}/status`, "utf8").split("\n");
  const pairs = lines.map((line) => line.split(/:\s*/, 2));
  return Object.fromEntries(pairs.map(([name = "", value = ""]) => [name, value.trim()]));
}

function plant(link: string, target: string): void {
  rmSync(own(link), { force: true, recursive: true });
  symlinkSync(target, own(link));
  lchownSync(own(link), USER.uid, USER.gid);
}

const keyring = () =>
  openKeyring({
    stateDir: state(),
    clock: new SystemClock(),
    entropy: systemEntropy,
    log: silentLog,
    scryptTerms: QUICK_SCRYPT,
  });

describe.runIf(process.getuid?.() === 0)("as root with an account to turn into", () => {
  test("links that the account has planted leave their targets untouched", async () => {
    mkdirSync(own("."), { recursive: true });
    chownSync(own("."), USER.uid, USER.gid);
    const ring = await keyring();
    await ring.setPassword("some password", true);
    await ring.setPassword("some password", true);
    for (const name of readdirSync(own("."))) chownSync(own(name), USER.uid, USER.gid);
    const victims = join(folder, "victims");
    mkdirSync(join(victims, "folder/inner"), { recursive: true });
    const files = ["tls", "events", "secrets", "new", "folder/file", "folder/inner/file"];
    for (const name of files) writeFileSync(join(victims, name), SECRET, { mode: 0o644 });
    plant("x", join(victims, "folder"));
    plant("history", join(victims, "folder"));
    plant("tls-new.pem", join(victims, "tls"));
    plant("events.jsonl", join(victims, "events"));
    plant("secrets-a", join(victims, "secrets"));
    plant("secrets-new", join(victims, "new"));

    const port = await lowPort();
    const { child, listening, output, ended } = operator();
    child.send({ tell: "start", setup: setup(`127.0.0.1:${port}`) });
    expect(await listening, output()).toEqual([`https://127.0.0.1:${port}`]);
    const { Uid, Gid, Groups } = ids(child.pid ?? 0);
    const four = Array(4).fill("54321").join("\t");
    expect([Uid, Gid, Groups]).toEqual([four, four, "54321"]);
    const page = await caller({ port, isTls: true })("GET /api/v1/session");
    expect(page.status).toBe(200);
    const socket = statSync(socketPath());
    expect([socket.mode & 0o777, socket.uid]).toEqual([0o600, 0]);
    // Is audited, and would be saved if it could.
    await caller({ socketPath: socketPath() })("POST /api/v1/password", {
      body: { new: "another password" },
    });
    child.send({ tell: "stop" });
    expect(await ended).toBe(0);

    for (const name of files) {
      expect(readFileSync(join(victims, name), "utf8"), name).toBe(SECRET);
      const { uid, gid, mode } = statSync(join(victims, name));
      expect([name, uid, gid, mode & 0o777]).toEqual([name, 0, 0, 0o644]);
    }
    expect(statSync(join(victims, "folder")).uid).toBe(0);
    expect(readdirSync(join(victims, "folder")).sort()).toEqual(["file", "inner"]);
  });

  test("a first start makes a folder for the account alone, and all that is in it", async () => {
    mkdirSync(state());
    const { child, listening, output, ended } = operator();
    child.send({ tell: "start", setup: setup("127.0.0.1:0") });
    await listening.catch(() => expect.fail(output()));
    const set = await caller({ socketPath: socketPath() })("POST /api/v1/password", {
      body: { new: "another password" },
    });
    expect(set.status).toBe(200);
    child.send({ tell: "stop" });
    expect(await ended).toBe(0);
    expect(statSync(own(".")).mode & 0o777).toBe(0o700);
    const names = readdirSync(own("."));
    expect(names).toEqual(expect.arrayContaining(["tls-key.pem", "secrets-a", "events.jsonl"]));
    for (const name of [".", ...names])
      expect([name, statSync(own(name)).uid]).toEqual([name, USER.uid]);
  });

  test("what root has written before there was an account is the account's", async () => {
    mkdirSync(own("history"), { recursive: true });
    writeFileSync(own("history/minutes"), "");
    await (await keyring()).setPassword("some password", true);
    const victim = join(folder, "victim");
    writeFileSync(victim, SECRET);
    symlinkSync(victim, own("link"));
    const { child, listening, output } = operator();
    child.send({ tell: "start", setup: setup("127.0.0.1:0") });
    expect(await listening, output()).toHaveLength(1);
    for (const name of [".", "secrets-a", "history", "history/minutes"])
      expect([name, statSync(own(name)).uid]).toEqual([name, USER.uid]);
    expect(statSync(victim).uid).toBe(0);
  });

  test("a link in the place of the folder is left alone, and so is what it leads to", async () => {
    const victim = join(folder, "victim");
    mkdirSync(victim);
    mkdirSync(state());
    symlinkSync(victim, join(state(), "operator"));
    const { child, ended, output } = operator();
    child.send({ tell: "start", setup: setup("127.0.0.1:0") });
    expect(await ended).not.toBe(0);
    expect(output()).toContain("is a link or no folder");
    expect([statSync(victim).uid, readdirSync(victim)]).toEqual([0, []]);
  });

  test("an own key that is root's alone is read", async () => {
    mkdirSync(state());
    const first = operator();
    first.child.send({ tell: "start", setup: setup("127.0.0.1:0") });
    await first.listening;
    first.child.send({ tell: "stop" });
    await first.ended;
    const [certificateFile, keyFile] = ["tls-certificate.pem", "tls-key.pem"].map((name) => {
      const path = join(folder, name);
      writeFileSync(path, readFileSync(own(name)), { mode: 0o600 });
      return path;
    });
    const config = sampleConfig({
      api: { listen: ["127.0.0.1:0"], tls: "own", certificateFile, keyFile },
      compat: { cgminer: { enabled: false } },
      mdns: { enabled: false },
    });
    const { child, listening, output } = operator();
    child.send({ tell: "start", setup: setup("127.0.0.1:0", { config }) });
    expect(await listening).toEqual([expect.stringMatching(/^https:/)]);
    expect(output()).not.toContain("the own certificate cannot be used");
  });
});

test("a stop that comes right after the start ends it in order", async () => {
  mkdirSync(state());
  const { dropTo: _, ...unprivileged } = setup("127.0.0.1:0");
  const { child, ended } = operator();
  child.send({ tell: "start", setup: unprivileged });
  child.send({ tell: "stop" });
  expect(await ended).toBe(0);
  expect(existsSync(socketPath())).toBe(false);
}, 8_000);
