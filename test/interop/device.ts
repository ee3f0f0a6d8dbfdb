/** Our device: the real daemon on simulated hashboards, as a child process. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Child, start } from "./children.ts";

/** The parts of `asicd simulate --json` that the interop run looks at. */
export interface DeviceReport {
  readonly chipsFound: number;
  readonly submitted: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly hardwareErrors: number;
  readonly chains: readonly { readonly accepted: number }[];
  readonly pool: {
    readonly connects: number;
    readonly blocksSeen: number;
    readonly reason: string | null;
    readonly unacknowledged: number;
    readonly lostUnacknowledged: number;
    readonly rejectedByReason: Readonly<Record<string, number>>;
  };
}

export interface Device extends AsyncDisposable {
  readonly child: Child;
  /** Ends it in order. Throws Error when it does not end with exit code 0 and a report. */
  finish(): Promise<DeviceReport>;
}

/** Beside the bundle of this program in dist/. */
const PROGRAM = fileURLToPath(new URL("./asicd.js", import.meta.url));

export function startDevice(poolUrl: string, options: readonly string[] = []): Device {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing; "npm run build" makes it`);
  const args = [PROGRAM, "simulate", "--json", "--page", "off", "--pool", poolUrl, ...options];
  const child = start("asicd", process.execPath, args);
  const output: string[] = [];
  child.onLine((line, from) => {
    if (from === "stdout") output.push(line);
    else if (process.env["ASICD_INTEROP_VERBOSE"]) process.stderr.write(`asicd: ${line}\n`);
  });
  return {
    child,
    async [Symbol.asyncDispose]() {
      await child.end();
    },
    async finish() {
      const { code, signal } = await child.end();
      const text = output.at(-1);
      if (code !== 0 || text === undefined)
        throw new Error(
          `asicd ended with ${signal ?? `exit code ${code}`}:\n${child.lines.slice(-15).join("\n")}`,
        );
      return JSON.parse(text) as DeviceReport;
    },
  };
}
