/** Plays scenarios against whatever device connects: what `asicd simulate-pool --script` does. */
import { type CommandContext, exitCodes } from "../../firmware/cli/command.ts";
import { nodeAead } from "../../firmware/node-aead.ts";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import { systemEntropy } from "../../firmware/platform/system-entropy.ts";
import { listen } from "../../firmware/platform/tcp-listener.ts";
import { ConfigError } from "../../src/lib/errors.ts";
import { poolUrl, urlHost } from "../pool/main.ts";
import { defaultPoolOptions } from "../pool/options.ts";
import { describeDevice, describeList, describeResult, describeSummary } from "./report.ts";
import { runScenario, type ScenarioResult } from "./run-scenario.ts";
import { MAIN, type PlaceSpec, type Scenario } from "./scenario.ts";
import { loadScenarios, shippedNames } from "./shipped.ts";
import type { ScenarioPorts } from "./stage.ts";

export interface PlayOptions {
  /** Where the scripted servers listen. */
  readonly host: string;
  /** For Stratum V2 scenarios; further servers of a scenario listen on the ports behind it. 0: any free ones. */
  readonly port: number;
  /** For Stratum V1 scenarios; the one above when absent. */
  readonly v1Port: number | undefined;
  /** Of Stratum V1 shares, for devices that do not suggest one; 1024 when absent. */
  readonly v1Difficulty?: number | undefined;
  /** One line of JSON per result instead of a table. */
  readonly json: boolean;
}

/** A device that was refused may stay away for ten minutes before it looks again. */
const CONNECT_WITHIN_MS = 15 * 60_000;
/** Where a server is "elsewhere": another address of this machine, as far as it has one. */
const OTHER_LOOPBACK = "127.0.0.2";
/** At 100 TH/s 23 shares a second, at 1 TH/s one in four seconds. */
const V1_DIFFICULTY = 1_024;

/**
 * `files`: paths or names of shipped scenarios, "all", or "list". Resolves to the exit code; throws ConfigError for files
 * that cannot be read or understood.
 */
export async function playScenarios(
  files: readonly string[],
  options: PlayOptions,
  context: CommandContext,
): Promise<number> {
  if (files.includes("list")) {
    context.stdout(describeList(loadScenarios(shippedNames()), options.json));
    return exitCodes.ok;
  }
  const scenarios = loadScenarios(files);
  const ports = new Map<string, number>();
  const results: ScenarioResult[] = [];
  for (const scenario of scenarios) {
    if (context.signal.aborted) break;
    const patient = {
      ...scenario,
      connectWithinMs: Math.max(scenario.connectWithinMs, CONNECT_WITHIN_MS),
    };
    const result = await runScenario(patient, tcpPorts(scenario, options, context, ports));
    results.push(result);
    context.stdout(describeResult(result, options.json));
  }
  const isGood = results.length === scenarios.length && results.every(isPassed);
  context.stdout(describeSummary(results, scenarios.length, options.json));
  return isGood ? exitCodes.ok : exitCodes.failed;
}

function isPassed({ verdict }: ScenarioResult): boolean {
  return verdict === "passed";
}

/** `known`: ports that were free before, so that a device finds the next scenario where the last one was. */
function tcpPorts(
  scenario: Scenario,
  options: PlayOptions,
  context: CommandContext,
  known: Map<string, number>,
): ScenarioPorts {
  const authoritySecret = defaultPoolOptions.authoritySecret ?? new Uint8Array(32);
  const urls = new Map<string, string>();
  return {
    clock: new SystemClock(),
    entropy: systemEntropy,
    aead: nodeAead,
    authoritySecret,
    v1Difficulty: options.v1Difficulty ?? V1_DIFFICULTY,
    signal: context.signal,
    async listen(place, onConnection) {
      const index = scenario.places.indexOf(place);
      const host = place.isElsewhere ? OTHER_LOOPBACK : options.host;
      const base = place.protocol === "sv1" ? (options.v1Port ?? options.port) : options.port;
      const key = `${place.protocol} ${index}`;
      const wanted = known.get(key) ?? (base === 0 ? 0 : base + index);
      const listener = await listen(host, wanted, onConnection).catch((error: unknown) => {
        throw cannotListen(`${host}:${wanted}`, error);
      });
      known.set(key, listener.port);
      urls.set(place.name, urlOf(place, host, listener.port, authoritySecret));
      if (urls.size === scenario.places.length)
        context.stderr(describeDevice(scenario, urls, urls.get(MAIN) ?? ""));
      return { host: urlHost(host), port: listener.port, close: () => listener.close() };
    },
  };
}

function urlOf(place: PlaceSpec, host: string, port: number, secret: Uint8Array): string {
  if (place.protocol === "sv1") return `stratum+tcp://${urlHost(host)}:${port}`;
  return poolUrl(host, port, place.isPlaintext ? undefined : secret);
}

function cannotListen(address: string, error: unknown): ConfigError {
  const problem = error instanceof Error ? error.message : String(error);
  return new ConfigError([{ path: "--listen", problem: `${address}: ${problem}` }]);
}
