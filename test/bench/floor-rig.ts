/** A floor process between PTYs and a socket of its own, of the same kind as the program's. */
import { openPty, type Pty } from "../../simulator/pty.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import { BENCH_CHAIN } from "./bench-chain.ts";
import { Child } from "./child.ts";
import { ChipEnd } from "./chip-end.ts";
import type { FloorTasks } from "./floor-process.ts";
import { listenOnce } from "./pool-end.ts";

/** The rate at which the program's chains run after bring-up; a PTY does not care. */
const BAUD_RATE = 1_000_000;

export interface FloorRig extends AsyncDisposable {
  readonly floor: Child<FloorTasks>;
  readonly chips: readonly ChipEnd[];
  readonly stream: ByteStream;
}

export async function openFloorRig(chains: number): Promise<FloorRig> {
  const ptys: Pty[] = [];
  for (let i = 0; i < chains; i++) ptys.push(await openPty());
  const chips = ptys.map((pty) => new ChipEnd(pty, BENCH_CHAIN));
  const { listener, accepted } = await listenOnce();
  const floor = new Child<FloorTasks>("floor");
  await floor.ask("start", {
    uarts: ptys.map(({ path }) => path),
    port: listener.port,
    baudRate: BAUD_RATE,
  });
  return {
    floor,
    chips,
    stream: await accepted,
    async [Symbol.asyncDispose]() {
      await floor[Symbol.asyncDispose]();
      await listener.close();
      await Promise.all(ptys.map((pty) => pty.close()));
    },
  };
}
