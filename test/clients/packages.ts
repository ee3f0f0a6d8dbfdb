/** Debian's packages: there, or installed. */
import { spawnSync } from "node:child_process";
import { start } from "../interop/children.ts";

export interface Package {
  readonly name: string;
  /** Commands that end well, or at all, when it is there. */
  readonly shownBy: readonly (readonly [program: string, ...args: string[]])[];
}

export const packages = {
  // Debian's Python comes without.
  venv: { name: "python3-venv", shownBy: [["python3", "-c", "import ensurepip, venv"]] },
  mosquitto: { name: "mosquitto", shownBy: [["mosquitto", "-h"]] },
  prometheus: {
    name: "prometheus",
    shownBy: [
      ["prometheus", "--version"],
      ["promtool", "--version"],
    ],
  },
} as const satisfies Readonly<Record<string, Package>>;

/** Rejects with Error that says what to do by hand. */
export async function ensurePackages(
  wanted: readonly Package[],
  say: (text: string) => void,
): Promise<void> {
  const missing = wanted.filter((one) => !isThere(one)).map(({ name }) => name);
  if (missing.length === 0) return;
  const isRoot = process.getuid?.() === 0;
  const [command = "", ...prefix] = isRoot ? ["apt-get"] : ["sudo", "-n", "apt-get"];
  // What Debian would start as services at once is only wanted as programs.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const apt = async (...args: readonly string[]) => {
    const child = start("apt-get", command, [...prefix, ...args], { env });
    const { code } = await child.ended;
    return { isDone: code === 0, said: child.lines.slice(-3).join("\n") };
  };
  const install = () => apt("install", "-y", "-q", "--no-install-recommends", ...missing);
  say(`installing ${missing.join(" and ")}`);
  const fromMs = performance.now();
  if (!(await install()).isDone) {
    // In a fresh container the lists are empty.
    await apt("update", "-q");
    const { isDone, said } = await install();
    if (!isDone) throw new Error(`on Debian: apt-get install ${missing.join(" ")}; ${said}`);
  }
  const tookS = Math.round((performance.now() - fromMs) / 1_000);
  say(`installed ${missing.join(" and ")} in ${tookS} s`);
}

/** Debian keeps servers where only root's PATH looks. */
function isThere({ shownBy }: Package): boolean {
  return shownBy.every(([program, ...args]) =>
    [program, `/usr/sbin/${program}`].some((path) => {
      const { error, status } = spawnSync(path, args, { stdio: "ignore" });
      // Mosquitto answers -h with 3.
      return error === undefined && status !== 1;
    }),
  );
}
