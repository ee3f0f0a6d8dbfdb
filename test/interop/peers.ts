/** The third-party programs: found in a cache outside the clone, or installed there at pinned versions. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { start } from "./children.ts";

interface Crate {
  readonly crate: string;
  readonly version: string;
  readonly binary: string;
  readonly options: readonly string[];
  /** Its build compiles Cap'n Proto schemas. */
  readonly needsCapnproto: boolean;
}

const crates = {
  pool: {
    crate: "pool_sv2",
    version: "0.7.0",
    binary: "pool_sv2",
    options: ["--no-default-features"],
    needsCapnproto: true,
  },
  miningDevice: {
    crate: "integration_tests_sv2",
    version: "0.6.0",
    binary: "mining_device",
    options: ["--bin", "mining_device"],
    needsCapnproto: true,
  },
  translator: {
    crate: "translator_sv2",
    version: "0.6.0",
    binary: "translator_sv2",
    options: ["--no-default-features"],
    needsCapnproto: false,
  },
  jdClient: {
    crate: "jd_client_sv2",
    version: "0.6.0",
    binary: "jd_client_sv2",
    options: ["--no-default-features"],
    needsCapnproto: true,
  },
} as const satisfies Readonly<Record<string, Crate>>;

const BCOIN_VERSION = "1.0.2";

export type PeerName = keyof typeof crates | "bcoin";
/** Paths of the programs; bcoin's is a script for Node. */
export type Peers = Readonly<Record<PeerName, string>>;

const PROGRESS_PERIOD_MS = 15_000;

/** Installs what is missing of those, which takes some minutes the first time. Throws Error that says what to do by hand. */
export async function findPeers(
  wanted: ReadonlySet<PeerName>,
  say: (text: string) => void,
): Promise<Peers> {
  const root = process.env["ASICD_PEERS_DIR"] ?? join(homedir(), ".cache/asicd/peers");
  mkdirSync(root, { recursive: true });
  const bcoin = join(root, `bcoin-${BCOIN_VERSION}`);
  if (wanted.has("bcoin") && !isBcoinThere(bcoin)) await installBcoin(bcoin, say);

  const missing = Object.entries(crates)
    .filter(([name, crate]) => wanted.has(name as PeerName) && !isInstalled(root, crate))
    .map(([, crate]) => crate);
  if (missing.some(({ needsCapnproto }) => needsCapnproto)) ensureCapnproto(say);
  // They share most of their three to five hundred crates, which one folder for all lets cargo build once.
  const target = join(root, "target");
  for (const crate of missing) await installCrate(root, target, crate, say);
  rmSync(target, { recursive: true, force: true });

  const program = ({ binary }: Crate) => join(root, "bin", binary);
  return {
    pool: program(crates.pool),
    miningDevice: program(crates.miningDevice),
    translator: program(crates.translator),
    jdClient: program(crates.jdClient),
    bcoin: bcoinProgram(bcoin),
  };
}

/** By the list that cargo keeps: the programs themselves do not all name their version. */
function isInstalled(root: string, { crate, version, binary }: Crate): boolean {
  const list = join(root, ".crates.toml");
  return (
    existsSync(join(root, "bin", binary)) &&
    existsSync(list) &&
    readFileSync(list, "utf8").includes(`"${crate} ${version} `)
  );
}

async function installCrate(
  root: string,
  target: string,
  { crate, version, options }: Crate,
  say: (text: string) => void,
): Promise<void> {
  const args = ["install", crate, "--version", `=${version}`, "--locked", "--root", root];
  await install(
    `${crate} ${version} (2 to 10 minutes on two cores)`,
    ["cargo", ...args, "--target-dir", target, ...options],
    "a Rust toolchain ≥ 1.88 is needed (https://rustup.rs)",
    say,
  );
}

function bcoinProgram(folder: string): string {
  return join(folder, "node_modules/bcoin/bin/node");
}

/** The version is in the folder's name; the program is there once npm has ended well. */
function isBcoinThere(folder: string): boolean {
  return existsSync(bcoinProgram(folder));
}

/** Into a folder of its own: its dependencies are old, and none of them may come near ours. */
async function installBcoin(folder: string, say: (text: string) => void): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const description = {
    private: true,
    dependencies: { bcoin: BCOIN_VERSION },
    // Its own choice does not install on today's Node; with --memory it is loaded and never used.
    overrides: { leveldown: "5.6.0" },
  };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(description, null, 2)}\n`);
  await install(
    `bcoin ${BCOIN_VERSION} (half a minute)`,
    ["npm", "install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund"],
    "npm and its registry are needed",
    say,
  );
}

/** Throws Error with the end of what the command said, and `needs`, unless it ends well. */
async function install(
  what: string,
  [program = "", ...args]: readonly string[],
  needs: string,
  say: (text: string) => void,
): Promise<void> {
  const command = [program, ...args].join(" ");
  say(`installing ${what}: ${command}`);
  const startedMs = performance.now();
  const child = start(program, program, args);
  const progress = setInterval(() => {
    const seconds = Math.round((performance.now() - startedMs) / 1_000);
    say(`${what}, ${seconds} s: ${child.lines.at(-1)?.trim() ?? "starting"}`);
  }, PROGRESS_PERIOD_MS);
  const { code } = await child.ended;
  clearInterval(progress);
  if (code !== 0)
    throw new Error(
      `${command} failed (exit code ${code}); ${needs}\n${child.lines.slice(-20).join("\n")}`,
    );
}

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
