/** A machine in a folder: launcher, versions of a few lines, settings; and update files for it. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { tarOf } from "../../firmware/operator/tar.ts";
import { slotPaths } from "../../firmware/update/slot-paths.ts";
import { concatBytes } from "../../src/lib/bytes.ts";
import { type BootState, formatBoot, parseBoot } from "../../src/update/boot-state.ts";
import { formatKey, publicKeyOf } from "../../src/update/release-key.ts";
import { type UpdateManifest, writeUpdateHeader } from "../../src/update/update-file.ts";

export const LAUNCHER = resolve(import.meta.dirname, "../../firmware/update/launch.sh");
export const SECRET_KEY = new Uint8Array(32).fill(7);
export const OTHER_KEY = new Uint8Array(32).fill(8);

/** What a version of these tests does when it is run. */
export type Behaviour =
  /** Reports itself healthy and goes on until it is told to end. */
  | "healthy"
  /** Reports itself healthy and ends, so that a test need not wait. */
  | "healthy-and-ends"
  | "crashes"
  | "hangs"
  /** Goes on, and never says anything; ends when told to. */
  | "never-healthy"
  /** Wants to be started again. */
  | "again"
  /** Rewrites the settings to a format of its own, then crashes. */
  | "migrates-and-crashes"
  /** Chooses to go back, as the health check does. */
  | "gives-up"
  | "ends";

export type Files = Readonly<Record<string, Uint8Array | string>>;

/** A version of a few lines: tells in `log` that it runs, and behaves. */
export function program(version: string, behaviour: Behaviour): string {
  return `const fs = require("node:fs");
const words = process.argv.slice(2);
if (words[0] === "--version") { console.log("asicd ${version}"); process.exit(0); }
if (words.includes("--check")) {
  const config = words.indexOf("--config") + 1;
  process.exit(config > 0 && fs.readFileSync(words[config], "utf8").includes("unfit ${version}") ? 2 : 0);
}
const root = process.env.ASICD_ROOT;
fs.appendFileSync(root + "/log", "${version} " + words.join(" ") + (process.env.ASICD_TRIAL ? " trial" : "") + "\\n");
const boot = root + "/usr/lib/asicd/boot";
const change = (from, to) => {
  const text = fs.existsSync(boot) ? fs.readFileSync(boot, "utf8") : "";
  fs.writeFileSync(boot + ".new", text.replace(from, to));
  fs.renameSync(boot + ".new", boot);
};
const settle = () => process.env.ASICD_TRIAL && change("state trial", "state settled");
const wait = () => { process.on("SIGTERM", () => process.exit(9)); setInterval(() => {}, 1000); };
switch ("${behaviour}") {
  case "healthy": settle(); wait(); break;
  case "healthy-and-ends": settle(); process.exit(0);
  case "crashes": process.exit(3);
  case "hangs": process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); break;
  case "never-healthy": wait(); break;
  case "again": process.exit(75);
  case "migrates-and-crashes":
    fs.writeFileSync(root + "/etc/asicd.jsonc", '{"version": 2, "by": "${version}"}');
    process.exit(3);
  case "gives-up": {
    const text = fs.readFileSync(boot, "utf8");
    const field = (name) => new RegExp("^" + name + " (.*)$", "m").exec(text)[1];
    const [run, previous] = [field("run"), field("previous")];
    change(/run [^]*/, "run " + previous + "\\nprevious " + run + "\\nstate restoring\\nattempts 0\\nreason it gave up\\nend\\n");
    process.exit(75);
  }
  default: process.exit(0);
}
`;
}

export function treeFiles(version: string, behaviour: Behaviour, more: Files = {}): Files {
  const files = {
    "asicd.js": program(version, behaviour),
    "ui/index.html": "<p>page</p>",
    "release.pub": formatKey(publicKeyOf(SECRET_KEY), "tests"),
    ...more,
  };
  return { ...files, "manifest.json": manifestOf(version, files) };
}

export function manifestOf(version: string, files: Files, target = "x64"): string {
  const hashes = Object.entries(files).map(([path, content]) => [path, sha256(bytesOf(content))]);
  return JSON.stringify({
    format: 1,
    name: "asicd",
    version,
    target,
    files: Object.fromEntries(hashes),
  });
}

export interface UpdateWish {
  readonly version: string;
  readonly behaviour?: Behaviour;
  readonly files?: Files;
  /** Instead of the archive of the files. */
  readonly payload?: Uint8Array;
  readonly key?: Uint8Array;
  readonly manifest?: Partial<UpdateManifest>;
}

export function updateFile(wish: UpdateWish): Uint8Array {
  const { version, behaviour = "healthy" } = wish;
  const files = wish.files ?? treeFiles(version, behaviour);
  const payload = wish.payload ?? gzipSync(archiveOf(files));
  const unpacked = Object.values(files).reduce((sum, file) => sum + bytesOf(file).length, 0);
  const manifest: UpdateManifest = {
    name: "asicd",
    version,
    target: "x64",
    bytes: payload.length,
    sha256: sha256(payload),
    unpackedBytes: unpacked,
    configVersion: 1,
    minimumConfigVersion: 1,
    minimumNode: "20.11.0",
    ...wish.manifest,
  };
  return concatBytes(writeUpdateHeader(manifest, wish.key ?? SECRET_KEY), payload);
}

export function archiveOf(files: Files): Uint8Array {
  return tarOf(
    Object.entries(files).map(([name, content]) => ({ name, bytes: bytesOf(content) })),
    0,
  );
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function bytesOf(content: Uint8Array | string): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

export const SETTINGS = '{ "version": 1, /* mine */ "name": "first" }\n';

export class ScratchMachine implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), "asicd-update-"));
  readonly #running = new Set<ChildProcess>();
  readonly paths = slotPaths(this.root);
  readonly configFile = join(this.root, "etc/asicd.jsonc");

  constructor(base: Behaviour = "ends", launcher = LAUNCHER) {
    this.putTree("base", "0.1.0", base);
    copyFileSync(launcher, this.paths.launcher);
    chmodSync(this.paths.launcher, 0o755);
    mkdirSync(dirname(this.configFile), { recursive: true });
    writeFileSync(this.configFile, SETTINGS, { mode: 0o600 });
  }

  putTree(name: "base" | `versions/${string}`, version: string, behaviour: Behaviour): void {
    this.putFiles(this.paths.tree(name), treeFiles(version, behaviour));
  }

  putFiles(folder: string, files: Files): void {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
  }

  putUpdate(wish: UpdateWish): string {
    const file = join(this.root, `${wish.version}.update`);
    writeFileSync(file, updateFile(wish));
    return file;
  }

  putBoot(boot: Partial<BootState>): void {
    const whole: BootState = {
      run: "base",
      previous: "base",
      state: "settled",
      attempts: 0,
      reason: "",
      ...boot,
    };
    writeFileSync(this.paths.boot, formatBoot(whole));
  }

  get boot(): BootState | undefined {
    return existsSync(this.paths.boot)
      ? parseBoot(readFileSync(this.paths.boot, "latin1"))
      : undefined;
  }

  /** What ran, in order. */
  get log(): string[] {
    const file = join(this.root, "log");
    return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
  }

  get settings(): string {
    return readFileSync(this.configFile, "utf8");
  }

  environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    return {
      PATH: process.env["PATH"],
      ASICD_ROOT: this.root,
      ASICD_NODE: process.execPath,
      ASICD_TRIAL_SECONDS: "2",
      ASICD_KILL_AFTER_SECONDS: "1",
      ...more,
    };
  }

  /** Resolves when the launcher has ended. */
  async launch(
    shell: readonly string[],
    words: readonly string[] = ["run"],
    env: Readonly<Record<string, string>> = {},
    withinMs = 50_000,
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const [program = "", ...before] = shell;
    const child = spawn(program, [...before, this.paths.launcher, ...words], {
      env: this.environment(env),
      stdio: ["ignore", "pipe", "pipe"],
      timeout: withinMs,
      killSignal: "SIGKILL",
    });
    this.#running.add(child);
    child.once("exit", () => this.#running.delete(child));
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].setEncoding("utf8").on("data", (text: string) => {
        said[name] += text;
      });
    const [code] = (await once(child, "close")) as [number | null];
    return { code, ...said };
  }

  /** In order. */
  endAll(): void {
    for (const child of this.#running) child.kill("SIGTERM");
  }

  /** Goes on beside the test. */
  start(shell: readonly string[], words: readonly string[] = ["run"]) {
    const [program = "", ...before] = shell;
    return spawn(program, [...before, this.paths.launcher, ...words], {
      env: this.environment(),
      stdio: ["ignore", "ignore", "pipe"],
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Shells of Debian and of OpenWrt. */
const SHELLS: readonly (readonly [name: string, ...command: string[]])[] = [
  ["dash", "dash"],
  ["busybox ash", "busybox", "ash"],
];

/** With their paths; those that this system has. */
export function installedShells(): [name: string, shell: string[]][] {
  return SHELLS.flatMap(([name, program = "", ...words]) => {
    const { stdout } = spawnSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" });
    const path = stdout.trim();
    const works = path !== "" && spawnSync(path, [...words, "-c", "exit 0"]).status === 0;
    return works ? [[name, [path, ...words]] as [string, string[]]] : [];
  });
}
