/** One run: the world and the computer in it, up and mining, and then what the run is for. */
import type { MachineSpec } from "../../boards/machine-spec.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import type { LineChange } from "./gpio-watch.ts";
import { guestFiles, PAGE_PORT, startAsicd, untilEnded } from "./guest-asicd.ts";
import type { ProcessMemory } from "./guest-memory.ts";
import { GuestPage } from "./guest-page.ts";
import { untilMining } from "./mining.ts";
import type { Stage } from "./stage.ts";
import { startVirtualBoard, type VirtualBoard } from "./virtual-board.ts";
import { type AttachedBoard, BoardWorld } from "./world.ts";

export interface RunContext {
  readonly stage: Stage;
  readonly entropy: Entropy;
  /** The armv7 build. */
  readonly asicdTree: string;
  readonly strictMemory: boolean;
  readonly log: (text: string) => void;
  /** What may explain a failure; shown always. */
  readonly explain: (text: string) => void;
  readonly onMemory: (memory: readonly ProcessMemory[]) => void;
}

/** A computer that mines, and what happens to it then. */
export interface SceneOptions {
  readonly spec: MachineSpec;
  readonly memoryMB: number;
  /** When it mines and its page is open. */
  readonly harm: (scene: Scene, context: RunContext) => Promise<void>;
}

/** All of it, up. */
export interface Scene {
  readonly spec: MachineSpec;
  readonly board: VirtualBoard;
  readonly world: BoardWorld;
  readonly attached: AttachedBoard;
  readonly page: GuestPage;
  readonly lines: readonly LineChange[];
}

/** Until the kernel runs and its shell answers; a computer that is emulated is 20 to 50 times slower than its host. */
const BOOT_WITHIN_S = 120;
const HASH_WORKERS = 1;
/** Lines of a log that are shown when something failed. */
const LAST_WORDS = 15;

/** Rejects with what went wrong; nothing of it is left then, or at the end. */
export async function playScene(options: SceneOptions, context: RunContext): Promise<void> {
  const { spec, harm } = options;
  const { stage, log, entropy } = context;
  const lines: LineChange[] = [];
  await using world = await BoardWorld.open({
    spec,
    clock: stage.clock,
    entropy,
    workers: HASH_WORKERS,
    onLine(change) {
      lines.push(change);
      log(lineText(change));
    },
  });
  await using board = await boot(options, world, context);
  stage.endWith(board.ended.then((reason) => Promise.reject(new Error(reason ?? "QEMU ended"))));
  await using attached = await world.attach(board);
  stage.endWith(attached.lost);
  const asicd = await startAsicd(board, stage.clock.unixSeconds() + 1);
  asicd.onLine((line) => log(`asicd: ${line}`));
  stage.endWith(untilEnded(asicd));
  using page = new GuestPage(board.hostPortOf(PAGE_PORT));
  const scene = { spec, board, world, attached, page, lines };
  try {
    await untilMining(scene, stage);
    await harm(scene, context);
  } catch (error) {
    for (const line of asicd.lines.slice(-LAST_WORDS)) context.explain(`asicd: ${line}`);
    for (const line of board.consoleLines.slice(-LAST_WORDS)) context.explain(`console: ${line}`);
    throw error;
  }
}

async function boot(
  { memoryMB }: SceneOptions,
  { uartPorts, memory, poolUrl }: BoardWorld,
  { stage, asicdTree, log }: RunContext,
): Promise<VirtualBoard> {
  const givingUp = new AbortController();
  const starting = startVirtualBoard({
    memoryMB,
    asicdTree,
    uartPorts,
    eeprom: memory,
    hostForwards: [{ guestPort: PAGE_PORT, hostPort: 0 }],
    files: guestFiles(poolUrl),
    log,
    signal: AbortSignal.any([stage.signal, givingUp.signal]),
  });
  try {
    await stage.step("boot", BOOT_WITHIN_S, async () => {
      const { bootSeconds } = await starting;
      return `Linux answers after ${bootSeconds.toFixed(1)} s, ${memoryMB} MB`;
    });
  } catch (error) {
    givingUp.abort(error);
    await starting.then(
      (board) => board.stop(),
      () => {},
    );
    throw error;
  }
  return starting;
}

function lineText({ what, chain, active }: LineChange): string {
  const state = what === "power" ? ["off", "on"] : ["released", "held"];
  return `${what} of chain ${chain}: ${state[active ? 1 : 0]}`;
}
