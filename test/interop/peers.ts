/** The third-party programs: found in a cache outside the clone, or built from crates.io at pinned versions. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { start } from "./children.ts";

interface Peer {
  readonly crate: string;
  readonly version: string;
  readonly binary: string;
  readonly options: readonly string[];
}

const peers = {
  pool: {
    crate: "pool_sv2",
    version: "0.7.0",
    binary: "pool_sv2",
    options: ["--no-default-features"],
  },
  miningDevice: {
    crate: "integration_tests_sv2",
    version: "0.6.0",
    binary: "mining_device",
    options: ["--bin", "mining_device"],
  },
} as const satisfies Readonly<Record<string, Peer>>;

/** Paths of the programs. */
export type Peers = Readonly<Record<keyof typeof peers, string>>;

const PROGRESS_PERIOD_MS = 15_000;

/** Installs what is missing, which takes some minutes the first time. Throws Error that says what to do by hand. */
export async function findPeers(say: (text: string) => void): Promise<Peers> {
  const root = process.env["ASICD_PEERS_DIR"] ?? join(homedir(), ".cache/asicd/peers");
  mkdirSync(root, { recursive: true });
  const missing = Object.values(peers).filter((peer) => !isInstalled(root, peer));
  if (missing.length > 0) ensureCapnproto(say);
  for (const peer of missing) await install(root, peer, say);
  return {
    pool: join(root, "bin", peers.pool.binary),
    miningDevice: join(root, "bin", peers.miningDevice.binary),
  };
}

/** By the list that cargo keeps: the programs themselves do not all name their version. */
function isInstalled(root: string, { crate, version, binary }: Peer): boolean {
  const list = join(root, ".crates.toml");
  return (
    existsSync(join(root, "bin", binary)) &&
    existsSync(list) &&
    readFileSync(list, "utf8").includes(`"${crate} ${version} `)
  );
}

async function install(root: string, peer: Peer, say: (text: string) => void): Promise<void> {
  const { crate, version, options } = peer;
  const args = [
    "install",
    crate,
    "--version",
    `=${version}`,
    "--locked",
    "--root",
    root,
    ...options,
  ];
  const command = `cargo ${args.join(" ")}`;
  say(`installing ${crate} ${version} (6 to 12 minutes on two cores): ${command}`);
  const startedMs = performance.now();
  const child = start("cargo", "cargo", args);
  const progress = setInterval(() => {
    const seconds = Math.round((performance.now() - startedMs) / 1_000);
    say(`${crate}, ${seconds} s: ${child.lines.at(-1)?.trim() ?? "starting"}`);
  }, PROGRESS_PERIOD_MS);
  const { code } = await child.ended;
  clearInterval(progress);
  if (code !== 0)
    throw new Error(
      `${command} failed (exit code ${code}); a Rust toolchain ≥ 1.88 is needed (https://rustup.rs)\n${child.lines.slice(-20).join("\n")}`,
    );
}

/** The pool's build wants the `capnp` compiler. */
function ensureCapnproto(say: (text: string) => void): void {
  if (spawnSync("capnp", ["--version"]).status === 0) return;
  const packages = ["capnproto", "libcapnp-dev"];
  const isRoot = process.getuid?.() === 0;
  const [command, ...prefix] = isRoot ? ["apt-get"] : ["sudo", "-n", "apt-get"];
  say(`installing ${packages.join(" and ")}`);
  const args = [...prefix, "install", "-y", "-q", ...packages];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  if (spawnSync(command ?? "", args, { stdio: "ignore", env }).status === 0) return;
  spawnSync(command ?? "", [...prefix, "update", "-q"], { stdio: "ignore", env });
  if (spawnSync(command ?? "", args, { stdio: "ignore", env }).status !== 0)
    throw new Error(`Cap'n Proto is missing; on Debian: apt-get install ${packages.join(" ")}`);
}
