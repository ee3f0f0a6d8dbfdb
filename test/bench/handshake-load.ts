/** A new block while the device shakes hands with another pool: with the arithmetic on the hot path's thread, and on its own. */
import { AUTHORITY } from "../support/scripted-server.ts";
import { Child } from "./child.ts";
import type { HandshakeOrder } from "./device-handshake.ts";
import { openDeviceRig } from "./device-rig.ts";
import { pause } from "./pause.ts";
import type { PeerTasks } from "./peer-process.ts";
import { type Summary, summaryOf } from "./statistics.ts";
import { blockOnce, programOf } from "./turns.ts";

export interface HandshakeLoadResult {
  readonly handshake: "none" | HandshakeOrder["on"];
  /** Of blocks whose segment was written during a handshake. */
  readonly blocks: Summary;
  /** From the dial to the answer to SetupConnection; absent: there was none. */
  readonly handshakeMs: Summary | undefined;
}

const CHAINS = 3;
const WARM_UPS = 20;
const REST_MS = 5;

export async function measureHandshakeLoad(
  blocks: number,
  progress: (what: string) => void,
): Promise<HandshakeLoadResult[]> {
  await using rig = await openDeviceRig(CHAINS, true);
  await using peer = new Child<PeerTasks>("peer");
  const port = await peer.ask("listen", undefined);
  const authorityKey = AUTHORITY.publicKey;
  const program = programOf(rig.chips, rig.pool, "per-channel");
  let block = 0;
  const results: HandshakeLoadResult[] = [];
  for (const on of ["none", "main thread", "own thread"] as const) {
    progress(`blocks during a handshake on: ${on}`);
    const blockMs: number[] = [];
    const handshakeMs: number[] = [];
    let usualMs = 20;
    for (let round = -WARM_UPS; blockMs.length < blocks; round++) {
      program.prepare();
      await pause(REST_MS);
      let isOver = false;
      const shaking =
        on === "none"
          ? undefined
          : rig.device.ask("handshake", { port, authorityKey, on }).finally(() => {
              isOver = true;
            });
      // Anywhere in it; what turns out to have come too late is not counted.
      await pause(Math.random() * usualMs);
      const isDuring = !isOver;
      const tookMs = await blockOnce(program, ++block);
      const ownMs = await shaking;
      if (ownMs !== undefined) usualMs = 0.9 * usualMs + 0.1 * ownMs;
      if (round < 0) continue;
      if (ownMs !== undefined) handshakeMs.push(ownMs);
      if (isDuring) blockMs.push(tookMs);
    }
    results.push({
      handshake: on,
      blocks: summaryOf(blockMs),
      handshakeMs: handshakeMs.length === 0 ? undefined : summaryOf(handshakeMs),
    });
  }
  return results;
}
