/** A program of the reference implementation as a child process: its keys, its configuration file, its log. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, start, waitFor } from "./children.ts";

/** The sample key pair of the reference implementation's configuration files. */
export const SRI_AUTHORITY_KEY = "9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72";
const SRI_AUTHORITY_SECRET = "mkDLTBBRxdBv998612qipDYoTK3YUrqLe8uWw7gu3iXbSrn2n";

/** What a program that is somebody's server has in its configuration. */
export const SRI_SERVER_KEYS = `authority_public_key = "${SRI_AUTHORITY_KEY}"
authority_secret_key = "${SRI_AUTHORITY_SECRET}"
cert_validity_sec = 3600
`;
/** Whom its blocks pay; any testnet address. */
export const SRI_REWARD = `coinbase_reward_script = "addr(tb1qa0sm0hxzj0x25rh8gw5xlzwlsfvvyz8u96w3p8)"\n`;

export interface SriProgram {
  readonly name: string;
  readonly program: string;
  /** Where the configuration file goes. */
  readonly directory: string;
  /** TOML. */
  readonly config: string;
  /** Part of the log line that says that it listens. */
  readonly ready: string;
  onLine(line: string): void;
}

let filesWritten = 0;

/** Throws Error with the end of the log when it does not listen within half a minute. */
export async function startSriProgram(sri: SriProgram): Promise<Child> {
  const { name, program, directory } = sri;
  const file = join(directory, `${name}-${++filesWritten}.toml`);
  writeFileSync(file, sri.config);
  const child = start(name, program, ["-c", file], {
    cwd: directory,
    env: { ...process.env, RUST_LOG: "debug", NO_COLOR: "1" },
  });
  let isReady = false;
  child.onLine((text) => {
    const line = withoutColours(text);
    if (process.env["ASICD_INTEROP_VERBOSE"]) process.stderr.write(`${name}: ${line}\n`);
    isReady ||= line.includes(sri.ready);
    sri.onLine(line);
  });
  if (await waitFor(() => isReady, 30_000, child)) return child;
  await child.end();
  throw new Error(`${name} does not listen:\n${child.lines.slice(-15).join("\n")}`);
}

function withoutColours(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a colour sequence begins with
  return text.replace(/\x1b\[[0-9;]*m/g, "");
}
