/** The simulated world: chains of chips at the far ends of PTYs, hashing threads that they share, and a pool. */
import { chipsByName } from "../drivers/bm13xx/chips.ts";
import type { Clock } from "../src/ports/clock.ts";
import type { Entropy } from "../src/ports/entropy.ts";
import { ChainModel, geometryOf } from "./chain/chain-model.ts";
import { HashEngine } from "./hashing/hash-engine.ts";
import { chooseScale, requiredZeroBitsAt } from "./hashing/scale.ts";
import { runSimulatedPool } from "./pool/main.ts";
import { openPty } from "./pty.ts";
import type { WorldOptions, WorldReady, WorldResult } from "./world-messages.ts";

export interface WorldHere {
  readonly ready: WorldReady;
  close(): Promise<WorldResult>;
}

/** Opens the world in this process. Throws Error for an unknown chip, or where there are no PTYs. */
export async function openWorldHere(
  options: WorldOptions,
  clock: Clock,
  entropy: Entropy,
): Promise<WorldHere> {
  const chip = chipsByName.get(options.chip);
  if (chip === undefined) throw new Error(`chip ${options.chip}: not known`);
  const engine = await HashEngine.start(
    options.workers === undefined ? {} : { workers: options.workers },
  );
  const hostHps = await engine.measureHostHps();
  const scale = chooseScale(options.nominalHps, hostHps);
  const requiredZeroBits = requiredZeroBitsAt(scale);
  const chains = await Promise.all(
    Array.from({ length: options.chains }, async (_, index) => {
      const pty = await openPty();
      const model = new ChainModel({
        chip,
        chipCount: options.chips,
        requiredZeroBits,
        scale,
        clock,
        seed: options.seed + index,
        searcher: engine.openChain(geometryOf(chip, options.chips, requiredZeroBits)),
        hostBaudRate: () => pty.hostBaudRate(),
      });
      pty.onData((bytes) => model.receive(bytes, pty.hostBaudRate()));
      model.onTransmit((bytes) => pty.write(bytes));
      return { pty, model };
    }),
  );
  const pool =
    options.pool === undefined
      ? undefined
      : await runSimulatedPool(options.pool, { clock, entropy });
  return {
    ready: {
      uarts: chains.map(({ pty }) => pty.path),
      scale,
      hostHps,
      workers: engine.workerCount,
      search: engine.search,
      poolUrl: pool?.url,
    },
    async close() {
      const counted = pool?.pool.statistics();
      await pool?.close();
      for (const { pty, model } of chains) {
        model[Symbol.dispose]();
        await pty.close();
      }
      await engine[Symbol.asyncDispose]();
      return { poolAccepted: counted?.accepted ?? 0, poolRejected: counted?.rejected ?? 0 };
    },
  };
}
