/** A client library in a Python of its own, asked line by line. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { start } from "../interop/children.ts";

interface Library {
  readonly name: string;
  readonly requirement: string;
  readonly script: string;
  /** A Python that has it already. */
  readonly override: string;
}

export const libraries: readonly Library[] = [
  {
    name: "pyasic 0.78.10",
    requirement: "pyasic==0.78.10",
    script: "pyasic_client.py",
    override: "ASICD_PYASIC78",
  },
  {
    name: "pyasic 0.75.0",
    requirement: "pyasic==0.75.0",
    script: "pyasic_client.py",
    override: "ASICD_PYASIC75",
  },
  {
    name: "asic-rs 0.7.3",
    requirement: "pyasic_rs==0.7.3",
    script: "asic_rs_client.py",
    override: "ASICD_ASICRS",
  },
];

const ANSWER_WITHIN_MS = 180_000;

export interface ReadBoard {
  readonly slot: number;
  readonly hashrateHps: number | null;
  readonly chips: number | null;
  readonly temp: number | null;
  readonly chipTemp: number | null;
}

/** What a client read; null is what it has no word for. */
export interface ReadData {
  readonly class: string | null;
  readonly raised?: string;
  readonly mac: string | null;
  readonly hostname: string | null;
  readonly apiVersion: string | null;
  readonly firmwareVersion: string | null;
  readonly hashrateHps: number | null;
  readonly expectedHps: number | null;
  readonly boards: readonly ReadBoard[];
  readonly fans: readonly (number | null)[];
  readonly wattage: number | null;
  readonly uptimeS: number | null;
  readonly isMining: boolean | null;
  readonly faultLight: boolean | null;
  readonly errors: readonly string[];
  readonly pools: readonly {
    readonly url: string | null;
    readonly user: string | null;
    readonly alive: boolean | null;
    readonly active: boolean | null;
    readonly accepted: number | null;
    readonly rejected: number | null;
  }[];
  readonly configuredPools: readonly { readonly url: string; readonly user: string }[];
}

export interface PythonClient extends AsyncDisposable {
  readonly name: string;
  detect(
    ip: string,
    times: number,
  ): Promise<{ readonly found: Readonly<Record<string, number>>; readonly slowestS: number }>;
  data(ip: string): Promise<ReadData>;
  control(
    ip: string,
    what: string,
    options?: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly returned?: unknown; readonly raised?: string }>;
}

/** Installs what is missing. Rejects with Error that says what to do by hand. */
async function pythonOf(library: Library, say: (text: string) => void): Promise<string> {
  const given = process.env[library.override];
  if (given !== undefined && given !== "") return given;
  const root = process.env["ASICD_PEERS_DIR"] ?? join(homedir(), ".cache/asicd/peers");
  const folder = join(root, library.requirement.replace("==", "-"));
  const python = join(folder, "bin/python");
  // By the list that pip keeps: pyasic 0.75.0 cannot be imported as it is by every Python.
  const [name = "", version = ""] = library.requirement.split("==");
  const question = `from importlib.metadata import version; assert version("${name}") == "${version}"`;
  const isThere = () =>
    existsSync(python) && spawnSync(python, ["-c", question], { stdio: "ignore" }).status === 0;
  if (isThere()) return python;
  mkdirSync(root, { recursive: true });
  say(`installing ${library.requirement}`);
  const fromMs = performance.now();
  // What an interrupted run left there is made anew.
  for (const [program, args] of [
    ["python3", ["-m", "venv", "--clear", folder]],
    [python, ["-m", "pip", "install", "--quiet", "--no-input", library.requirement]],
  ] as const) {
    const child = start(program, program, args);
    const { code } = await child.ended;
    if (code !== 0)
      throw new Error(
        `${program} ${args.join(" ")} failed (${code}): ${child.lines.slice(-5).join("\n")}; Python 3.11 or newer with venv is needed`,
      );
  }
  say(`installed ${library.requirement} in ${Math.round((performance.now() - fromMs) / 1_000)} s`);
  return python;
}

export async function startPythonClient(
  library: Library,
  say: (text: string) => void,
): Promise<PythonClient> {
  const python = await pythonOf(library, say);
  const script = join(process.cwd(), "test/clients", library.script);
  const child = spawn(python, [script], { stdio: ["pipe", "pipe", "pipe"] });
  let trouble = "";
  child.stderr.on("data", (chunk: Buffer) => {
    trouble = (trouble + chunk.toString()).slice(-4_000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  child.stdin.on("error", () => undefined);
  const ask = async (request: object): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${library.name}: no answer to ${JSON.stringify(request)}`)),
        ANSWER_WITHIN_MS,
      );
    });
    try {
      const line = await Promise.race([lines.next(), late]);
      if (line.done === true) throw new Error(`${library.name} ended: ${trouble}`);
      return JSON.parse(line.value) as unknown;
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    name: library.name,
    detect: (ip, times) => ask({ do: "detect", ip, times }) as ReturnType<PythonClient["detect"]>,
    data: (ip) => ask({ do: "data", ip }) as Promise<ReadData>,
    control: (ip, what, options = {}) =>
      ask({ do: "control", ip, what, ...options }) as ReturnType<PythonClient["control"]>,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
