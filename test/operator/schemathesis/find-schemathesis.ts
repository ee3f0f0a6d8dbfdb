/** schemathesis: found where the environment says, or installed at a pinned version into a cache outside the clone. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const VERSION = "4.32.5";
const INSTALL_WITHIN_MS = 10 * 60_000;

/** Path of the program. Throws Error that says what to do by hand. */
export function findSchemathesis(say: (text: string) => void): string {
  const given = process.env["ASICD_SCHEMATHESIS"];
  if (given !== undefined) return given;
  const root = process.env["ASICD_PEERS_DIR"] ?? join(homedir(), ".cache/asicd/peers");
  mkdirSync(root, { recursive: true });
  const venv = join(root, `schemathesis-${VERSION}`);
  const program = join(venv, "bin/schemathesis");
  const isThere = () =>
    existsSync(program) && spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
  if (isThere()) return program;
  rmSync(venv, { recursive: true, force: true });
  say(`installing schemathesis ${VERSION} (a minute)`);
  for (const [command, ...args] of [
    ["python3", "-m", "venv", venv],
    [join(venv, "bin/pip"), "install", "--quiet", `schemathesis==${VERSION}`],
  ]) {
    const { status, stderr } = spawnSync(command ?? "", args, {
      encoding: "utf8",
      timeout: INSTALL_WITHIN_MS,
    });
    if (status !== 0)
      throw new Error(
        `${command} ${args.join(" ")} failed: ${stderr}\nPython with venv is needed (on Debian: apt-get install python3-venv)`,
      );
  }
  return program;
}
