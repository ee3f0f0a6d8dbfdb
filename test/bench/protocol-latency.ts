/** A new block from the pool's socket to the last chain's UART, by protocol: what must be done between differs. */
import { openRigWith } from "./device-rig.ts";
import { openFloorRig } from "./floor-rig.ts";
import type { Addressing } from "./pool-end.ts";
import type { PoolKind } from "./pool-listener.ts";
import { type Summary, summaryOf } from "./statistics.ts";
import { programAndFloor, takeTurns } from "./turns.ts";

export interface ProtocolLatencyResult {
  readonly protocol: ProtocolCase["name"];
  readonly chains: number;
  readonly segmentBytes: number;
  readonly program: Summary;
  readonly floor: Summary;
  readonly inside: Summary;
}

export interface ProtocolCase {
  readonly name: "V2 standard" | "V2 standard, group" | "V2 extended" | "V1";
  readonly kind: PoolKind;
  readonly addressing: Addressing;
}

const CASES: readonly ProtocolCase[] = [
  { name: "V2 standard", kind: "sv2-standard", addressing: "per-channel" },
  { name: "V2 standard, group", kind: "sv2-standard", addressing: "group" },
  { name: "V2 extended", kind: "sv2-extended", addressing: "per-channel" },
  { name: "V1", kind: "sv1", addressing: "per-channel" },
];

export async function measureProtocolLatency(
  chains: number,
  rounds: { readonly warmUps: number; readonly blocks: number },
  progress: (what: string) => void,
): Promise<ProtocolLatencyResult[]> {
  const results: ProtocolLatencyResult[] = [];
  for (const { name, kind, addressing } of CASES) {
    progress(`new block by ${name}, ${chains} chains`);
    await using rig = await openRigWith([kind], chains, true);
    await using floorRig = await openFloorRig(chains);
    const turns = await programAndFloor(rig, floorRig, addressing, { sent: 0 });
    await takeTurns(turns, rounds.warmUps);
    await rig.device.ask("takeInsideMs", undefined);
    const { floor, program } = await takeTurns(turns, rounds.blocks);
    results.push({
      protocol: name,
      chains,
      segmentBytes: rig.pool.blockBytes(addressing),
      program: summaryOf(program),
      floor: summaryOf(floor),
      inside: summaryOf(await rig.device.ask("takeInsideMs", undefined)),
    });
  }
  return results;
}
