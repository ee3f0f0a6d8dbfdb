/** Runs the benches one after the other, since two at a time would measure each other, and prints what came out. */
import { measureCodec } from "./codec.ts";
import { measureFailOver } from "./fail-over-time.ts";
import { figuresOf } from "./goals.ts";
import { measureGuard } from "./guard.ts";
import { measureHandshake } from "./handshake.ts";
import { measureHandshakeLoad } from "./handshake-load.ts";
import { measureLinkCost } from "./link-cost.ts";
import { thisMachine } from "./machine.ts";
import { measureMemory } from "./memory.ts";
import {
  type ColdResult,
  measureColdStart,
  measureNewBlock,
  type NewBlockResult,
} from "./new-block.ts";
import { measureNonceLatency } from "./nonce-latency.ts";
import { measureNonceRate } from "./nonce-rate.ts";
import { measureOperator } from "./operator.ts";
import { type BenchName, type BenchOptions, parseBenchOptions, USAGE } from "./options.ts";
import { measureProtocolCost } from "./protocol-cost.ts";
import { measureProtocolLatency, type ProtocolLatencyResult } from "./protocol-latency.ts";
import type { BenchResults } from "./results.ts";
import { measureStandby } from "./standby.ts";
import { tableOf } from "./table.ts";

const CHAIN_COUNTS = [1, 3, 12];

/** Resolves to the exit code: a missed goal is no failure (machines are noisy), a crash or a lost nonce is. */
export async function runBenches(argv: readonly string[]): Promise<number> {
  const options = optionsOf(argv);
  if (typeof options === "number") return options;
  const machine = thisMachine();
  const results: BenchResults = {};
  const failures: { readonly bench: BenchName; readonly reason: string }[] = [];
  for (const name of options.only) {
    progress(name);
    try {
      Object.assign(results, await benches[name](options));
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      failures.push({ bench: name, reason });
      progress(`${name} failed: ${reason}`);
    }
  }
  const figures = figuresOf(results);
  if (options.json) {
    const document = { machine, short: options.short, failures, figures, results };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    const { cpu, cores, memoryMB, arch, kernel, node } = machine;
    process.stdout.write(
      `${cores} × ${cpu} (${arch}), ${memoryMB} MB, Linux ${kernel}, Node ${node}` +
        `${options.short ? ", short run" : ""}\n\n${tableOf(figures)}`,
    );
  }
  return failures.length === 0 ? 0 : 1;
}

const benches: Record<BenchName, (options: BenchOptions) => Promise<BenchResults>> = {
  async "new-block"({ short }) {
    const rounds = short ? { warmUps: 100, blocks: 200 } : { warmUps: 1_000, blocks: 1_000 };
    const cold: ColdResult[] = [];
    const newBlock: NewBlockResult[] = [];
    for (const chains of CHAIN_COUNTS) {
      progress(`new block, ${chains} chains, cold`);
      cold.push(await measureColdStart(chains));
      const measured = await measureNewBlock(chains, rounds, progress);
      cold.push(measured.cold);
      newBlock.push(...measured.warm);
    }
    return { cold, newBlock };
  },
  "nonce-latency": async ({ short }) => ({
    nonceLatency: await measureNonceLatency(short ? 1_000 : 9_000),
  }),
  "nonce-rate": async ({ short }) => ({ nonceRate: await measureNonceRate(short ? 1 : 5) }),
  codec: async ({ short }) => ({ codec: measureCodec(short ? 50 : 400) }),
  handshake: async ({ short }) => ({ handshake: measureHandshake(short ? 30 : 200) }),
  memory: async () => ({ memory: await measureMemory() }),
  guard: async ({ short }) => ({
    guard: await measureGuard(short ? { idle: 6, busy: 4 } : { idle: 30, busy: 15 }, progress),
    linkCost: await measureLinkCost(short ? 50 : 400),
  }),
  async pools({ short }) {
    const rounds = short
      ? { warmUps: 100, blocks: 150, nonces: 600 }
      : { warmUps: 500, blocks: 1_000, nonces: 6_000 };
    return {
      standby: await measureStandby(rounds, progress),
      handshakeLoad: await measureHandshakeLoad(short ? 60 : 300, progress),
      failOver: [
        await measureFailOver("sv2-standard", short ? 3 : 15, progress),
        await measureFailOver("sv1", short ? 3 : 15, progress),
      ],
    };
  },
  async protocols({ short }) {
    const rounds = short ? { warmUps: 100, blocks: 100 } : { warmUps: 500, blocks: 1_000 };
    const protocolLatency: ProtocolLatencyResult[] = [];
    for (const chains of short ? [3] : [1, 3])
      protocolLatency.push(...(await measureProtocolLatency(chains, rounds, progress)));
    progress("bytes and processor time by protocol");
    return { protocolLatency, protocolCost: await measureProtocolCost(short ? 40 : 400) };
  },
  operator: async ({ short }) => ({
    operator: await measureOperator(
      short ? { pairs: 4, seconds: 5 } : { pairs: 16, seconds: 5 },
      progress,
    ),
  }),
};

function optionsOf(argv: readonly string[]): BenchOptions | number {
  try {
    const options = parseBenchOptions(argv);
    if (options !== "help") return options;
    process.stdout.write(USAGE);
    return 0;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
}

/** To stderr, so that stdout is the table or the JSON alone. */
function progress(what: string): void {
  process.stderr.write(`… ${what}\n`);
}
