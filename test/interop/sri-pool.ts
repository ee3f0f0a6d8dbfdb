/** SRI's reference pool as a child process, and what its log says about shares. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, start, waitFor } from "./children.ts";

/** The sample key pair of the reference implementation's configuration files. */
export const SRI_AUTHORITY_KEY = "9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72";
const SRI_AUTHORITY_SECRET = "mkDLTBBRxdBv998612qipDYoTK3YUrqLe8uWw7gu3iXbSrn2n";

export interface SriPoolSettings {
  readonly program: string;
  readonly directory: string;
  readonly port: number;
  readonly templateProviderPort: number;
  readonly sharesPerMinute: number;
  readonly shareBatchSize: number;
}

/** Counted from the pool's own log. */
export interface SriPoolCounts {
  accepted: number;
  /** Of these, the ones covered by a SubmitShares.Success. */
  acknowledged: number;
  /** SubmitShares.Success messages. */
  acknowledgements: number;
  blocksFound: number;
  /** Error codes, oldest first. */
  readonly rejections: string[];
  /**
   * Stale shares refused within a moment of a new block: they were on their way before the device could know. No
   * device can avoid them, so they are told apart from those that one could.
   */
  crossedOnTheWire: number;
  channelsOpened: number;
  /** Of all channels together, as the device claims it. */
  claimedHps: number;
  newBlocks: number;
  feeBumps: number;
  /** SetTarget messages of vardiff, apart for targets that became easier and harder. */
  easierTargets: number;
  harderTargets: number;
  /** By jobs that came after the last of these. */
  acceptedByLastTarget: number;
}

export interface SriPool {
  readonly child: Child;
  readonly port: number;
  readonly counts: SriPoolCounts;
}

export function nothingCounted(): SriPoolCounts {
  return {
    accepted: 0,
    acknowledged: 0,
    acknowledgements: 0,
    blocksFound: 0,
    rejections: [],
    crossedOnTheWire: 0,
    channelsOpened: 0,
    claimedHps: 0,
    newBlocks: 0,
    feeBumps: 0,
    easierTargets: 0,
    harderTargets: 0,
    acceptedByLastTarget: 0,
  };
}

/** Throws Error with the end of the log when it does not listen within half a minute. */
export async function startSriPool(settings: SriPoolSettings): Promise<SriPool> {
  const config = join(settings.directory, `pool-${settings.shareBatchSize}.toml`);
  writeFileSync(config, configText(settings));
  const child = start("pool_sv2", settings.program, ["-c", config], {
    cwd: settings.directory,
    env: { ...process.env, RUST_LOG: "debug", NO_COLOR: "1" },
  });
  const counts = nothingCounted();
  const reader = new SriLogReader(counts);
  let isListening = false;
  child.onLine((text) => {
    const line = withoutColours(text);
    if (process.env["ASICD_INTEROP_VERBOSE"]) process.stderr.write(`pool_sv2: ${line}\n`);
    isListening ||= line.includes("ready to accept connections");
    reader.read(line);
  });
  if (!(await waitFor(() => isListening, 30_000, child)))
    throw new Error(`pool_sv2 does not listen:\n${child.lines.slice(-15).join("\n")}`);
  return { child, port: settings.port, counts };
}

/** A share that was sent before the news of a block arrived is refused this soon after it, on a busy machine. */
const CROSSING_MS = 250;

/** Takes the log line by line and counts. */
export class SriLogReader {
  readonly #counts: SriPoolCounts;
  /** Of the channel that vardiff looks at, as the pool says it right before it changes it. */
  #targetInForce: bigint | undefined;
  #lastBlockMs = Number.NEGATIVE_INFINITY;
  #lastTargetHasJob = false;

  constructor(counts: SriPoolCounts) {
    this.#counts = counts;
  }

  read(line: string): void {
    const counts = this.#counts;
    const timeMs = Date.parse(line.slice(0, line.indexOf(" ")));
    if (line.includes("SubmitSharesStandard: ") && line.includes("✅")) {
      this.#accepted();
      const batch = /SubmitSharesSuccess\(.*new_submits_accepted_count=(\d+)/.exec(line);
      if (batch !== null) {
        counts.acknowledgements++;
        counts.acknowledged += Number(batch[1]);
      }
    } else if (line.includes("Block Found")) {
      this.#accepted();
      counts.blocksFound++;
    } else if (line.includes("SubmitSharesError")) {
      const code = /error_code: (\S+)/.exec(line)?.[1] ?? line;
      if (code === "stale-share" && timeMs - this.#lastBlockMs < CROSSING_MS)
        counts.crossedOnTheWire++;
      else counts.rejections.push(code);
    } else if (line.includes("Received OpenStandardMiningChannel")) {
      counts.channelsOpened++;
      counts.claimedHps += Number(/nominal_hash_rate: ([\d.]+)/.exec(line)?.[1] ?? 0);
    } else if (line.includes("Received: SetNewPrevHash")) {
      counts.newBlocks++;
      this.#lastBlockMs = timeMs;
      this.#lastTargetHasJob = true;
    } else if (line.includes("Received: NewTemplate") && line.includes("future_template: false")) {
      counts.feeBumps++;
      this.#lastTargetHasJob = true;
    } else if (line.includes("Current miner target")) {
      this.#targetInForce = targetIn(line);
    } else if (line.includes("Updated target for standard channel")) {
      this.#targetChanged(line);
    }
  }

  #accepted(): void {
    this.#counts.accepted++;
    if (this.#lastTargetHasJob) this.#counts.acceptedByLastTarget++;
  }

  #targetChanged(line: string): void {
    const target = targetIn(line);
    const before = this.#targetInForce;
    this.#targetInForce = undefined;
    if (target !== undefined && before !== undefined) {
      if (target > before) this.#counts.easierTargets++;
      if (target < before) this.#counts.harderTargets++;
    }
    this.#counts.acceptedByLastTarget = 0;
    this.#lastTargetHasJob = false;
  }
}

function targetIn(line: string): bigint | undefined {
  const digits = /target.*0x([0-9a-f]+)/.exec(line)?.[1];
  return digits === undefined ? undefined : BigInt(`0x${digits}`);
}

function configText(settings: SriPoolSettings): string {
  return `authority_public_key = "${SRI_AUTHORITY_KEY}"
authority_secret_key = "${SRI_AUTHORITY_SECRET}"
cert_validity_sec = 3600
listen_address = "127.0.0.1:${settings.port}"
coinbase_reward_script = "addr(tb1qa0sm0hxzj0x25rh8gw5xlzwlsfvvyz8u96w3p8)"
server_id = 1
pool_signature = "asicd interop"
shares_per_minute = ${settings.sharesPerMinute.toFixed(1)}
share_batch_size = ${settings.shareBatchSize}
[template_provider_type.Sv2Tp]
address = "127.0.0.1:${settings.templateProviderPort}"
`;
}

function withoutColours(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a colour sequence begins with
  return text.replace(/\x1b\[[0-9;]*m/g, "");
}
