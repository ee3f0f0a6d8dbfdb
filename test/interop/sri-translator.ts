/** SRI's translator as a child process: a Stratum V1 server for miners, a client with an extended channel for a pool. */
import type { Child } from "./children.ts";
import { SRI_AUTHORITY_KEY, startSriProgram } from "./sri-program.ts";

export interface SriTranslatorSettings {
  readonly program: string;
  readonly directory: string;
  /** Where Stratum V1 is spoken. */
  readonly port: number;
  readonly poolPort: number;
  readonly sharesPerMinute: number;
  /** What it takes a miner for that has not shown its rate; sets the first difficulty. */
  readonly minerHps: number;
}

/** Counted from the translator's own log. */
export interface SriTranslatorCounts {
  /** Methods that the miner called, with how often. */
  readonly calls: Record<string, number>;
  /** Shares that it found good and passed on. */
  forwarded: number;
  /** Those that it had accepted from the miner, and that its own channel with the pool did not want; its log says each. */
  dropped: number;
  /** What came back from the pool for these. */
  acknowledged: number;
  /** Error codes of the pool. */
  readonly refusedByPool: string[];
}

export interface SriTranslator extends AsyncDisposable {
  readonly child: Child;
  readonly port: number;
  readonly counts: SriTranslatorCounts;
}

/** Throws Error with the end of the log when it does not listen within half a minute. */
export async function startSriTranslator(settings: SriTranslatorSettings): Promise<SriTranslator> {
  const counts = { calls: {}, forwarded: 0, dropped: 0, acknowledged: 0, refusedByPool: [] };
  const child = await startSriProgram({
    name: "translator_sv2",
    program: settings.program,
    directory: settings.directory,
    config: configText(settings),
    ready: "Translator Proxy: listening on",
    onLine: (line) => readTranslatorLog(line, counts),
  });
  return {
    child,
    port: settings.port,
    counts,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

export function readTranslatorLog(line: string, counts: SriTranslatorCounts): void {
  const method = /Received (mining\.[a-z_.]+) from S[vV]1 downstream/.exec(line)?.[1];
  if (method !== undefined) counts.calls[method] = (counts.calls[method] ?? 0) + 1;
  if (line.includes("SubmitSharesExtended: valid share, forwarding it to upstream"))
    counts.forwarded++;
  if (/SubmitSharesExtended (references an unknown|does not meet|rejected by) /.test(line))
    counts.dropped++;
  const batch = /Received: SubmitSharesSuccess\(.*new_submits_accepted_count=(\d+)/.exec(line);
  if (batch !== null) counts.acknowledged += Number(batch[1]);
  const refusal = /Received: SubmitSharesError\(.*error_code=([^)\s]+)/.exec(line)?.[1];
  if (refusal !== undefined) counts.refusedByPool.push(refusal);
}

function configText(settings: SriTranslatorSettings): string {
  return `downstream_address = "127.0.0.1"
downstream_port = ${settings.port}
max_supported_version = 2
min_supported_version = 2
downstream_extranonce2_size = 4
verify_payout = false
aggregate_channels = true
supported_extensions = [0x0002]
[downstream_difficulty_config]
min_individual_miner_hashrate = ${settings.minerHps.toFixed(1)}
shares_per_minute = ${settings.sharesPerMinute.toFixed(1)}
enable_vardiff = true
job_keepalive_interval_secs = 60
[[upstreams]]
address = "127.0.0.1"
port = ${settings.poolPort}
authority_pubkey = "${SRI_AUTHORITY_KEY}"
user_identity = "asicd.interop"
`;
}
