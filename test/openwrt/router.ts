/** A folder that looks like the root of an OpenWrt system with the package installed, and what runs in it. Nothing outside of it is touched. */
import { execFile } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const HARNESS = resolve("test/openwrt/harness");
const INSTALL = resolve("openwrt/asicd/install.sh");
const LAUNCH = resolve("firmware/update/launch.sh");

const execute = promisify(execFile);

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Router implements AsyncDisposable {
  readonly root = mkdtempSync(join(tmpdir(), "asicd-openwrt-"));
  readonly env: NodeJS.ProcessEnv;

  constructor() {
    const temporary = join(this.root, "tmp/simulations");
    mkdirSync(temporary, { recursive: true });
    this.env = {
      PATH: `${HARNESS}:${process.env["PATH"]}`,
      IPKG_INSTROOT: this.root,
      ASICD_ROOT: this.root,
      ASICD_HARNESS: HARNESS,
      ASICD_NODE: join(HARNESS, "node"),
      ASICD_REAL_NODE: process.execPath,
      ASICD_PROC: join(this.root, "proc"),
      ASICD_SYS: join(this.root, "sys"),
      ASICD_WATCH_SECONDS: "1",
      TMPDIR: temporary,
    };
    mkdirSync(join(this.root, "proc"));
    writeFileSync(join(this.root, "proc/modules"), "");
    mkdirSync(join(this.root, "lib"));
    mkdirSync(join(this.root, "var/run"), { recursive: true });
    copyFileSync(join(HARNESS, "functions.sh"), join(this.root, "lib/functions.sh"));
  }

  /** As the package's Makefile does it, from what `npm run build` made, or with nothing that could run. */
  async install({ isEmpty = false } = {}): Promise<void> {
    const tree = join(this.root, "tmp/tree");
    const dist = resolve(process.env["ASICD_DIST"] ?? "dist");
    mkdirSync(tree);
    const parts = isEmpty ? /^$/ : /\.js$|^ui$|^scenarios$/;
    if (isEmpty) writeFileSync(join(tree, "asicd.js"), "process.exit(1);\n");
    for (const name of readdirSync(dist).filter((one) => parts.test(one)))
      cpSync(join(dist, name), join(tree, name), { recursive: true });
    writeFileSync(join(tree, "manifest.json"), "{}\n");
    writeFileSync(join(tree, "package.json"), '{ "type": "module" }\n');
    symlinkSync(resolve("node_modules"), join(tree, "node_modules"));
    await this.sh(`sh ${INSTALL} "$IPKG_INSTROOT" ${tree} ${LAUNCH}`);
    rmSync(tree, { recursive: true });
    const init = this.read("etc/init.d/asicd");
    // Its interpreter on OpenWrt is "/bin/sh /etc/rc.common".
    this.write("etc/init.d/asicd", init.replace(/^#!.*/, `#!${join(HARNESS, "rc")}`));
  }

  path(name: string): string {
    return join(this.root, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  write(name: string, text: string): void {
    mkdirSync(join(this.path(name), ".."), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  exists(name: string): boolean {
    return existsSync(this.path(name));
  }

  /** In busybox's ash, as on the board; rejects when it fails. */
  async sh(command: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, env);
    if (code !== 0) throw new Error(`${command}: exit code ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  async run(command: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const options = { env: { ...this.env, ...env }, cwd: this.root };
    return execute("busybox", ["ash", "-c", command], options).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  }

  init(action: string): Promise<string> {
    return this.sh(`"$IPKG_INSTROOT/etc/init.d/asicd" ${action}`);
  }

  uci(...words: readonly string[]): Promise<string> {
    const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    return this.sh(`uci ${quoted.join(" ")}`);
  }

  /** Of asicd itself; `undefined` when it does not run. */
  get pid(): number | undefined {
    const pid = this.exists("var/run/asicd.pid") ? Number(this.read("var/run/asicd.pid")) : 0;
    return pid > 0 && isAlive(pid) ? pid : undefined;
  }

  /** Whether the init script has asked procd to run it. */
  get isWanted(): boolean {
    return this.exists("tmp/procd/asicd/run");
  }

  get log(): string {
    return this.exists("tmp/syslog") ? this.read("tmp/syslog") : "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.exists("etc/init.d/asicd")) await this.init("stop").catch(() => {});
    for (const pid of this.#supervisors()) await until(() => !isAlive(pid), 60_000);
    rmSync(this.root, { recursive: true, force: true });
  }

  #supervisors(): readonly number[] {
    const folder = this.path("tmp/procd/asicd");
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .map((name) => join(folder, name, "supervisor"))
      .filter((file) => existsSync(file))
      .map((file) => Number(readFileSync(file, "utf8")));
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Real processes take the time that they take. Throws Error when it never becomes so. */
export async function until<T>(
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 60_000,
  what = String(ask),
): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadlineMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}
