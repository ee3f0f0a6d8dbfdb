/** What is done to the computer, and whether power goes off in time: its own registers say so. */
import type { LineChange } from "./gpio-watch.ts";
import type { RunContext, Scene } from "./scene.ts";
import type { Stage } from "./stage.ts";

/** Power is off one poll and this after a reading that trips (firmware/guard/README.md). */
const SWITCH_OFF_WITHIN_MS = 500;
/** After it the test gives up; what comes between this and the deadline is a failure with a number. */
const SEEN_WITHIN_S = 30;
const HEATED = 0;

export async function heatSensor(scene: Scene, { stage }: RunContext): Promise<void> {
  const { spec, attached } = scene;
  const dangerousC = spec.limits.board?.dangerousC ?? Number.NaN;
  await stage.step("heated: power off", SEEN_WITHIN_S, async (signal) => {
    const seen = powerOffs(scene);
    const alarmMs = await attached.heat.heat(
      HEATED,
      { targetC: dangerousC + 5, alarmC: dangerousC, cPerS: 4 },
      signal,
    );
    return judgeOff(scene, stage, signal, { board: HEATED, fromMs: alarmMs, before: seen });
  });
  await stage.step("heated: the reason is told", SEEN_WITHIN_S, (signal) =>
    told(scene, stage, signal, "dangerous-temperature"),
  );
  await stage.step("heated: others hash on", SEEN_WITHIN_S, async (signal) => {
    const others = await stage.until(signal, async () => {
      const { boards } = await scene.page.status();
      const rest = boards.filter(({ index }) => index !== HEATED);
      const lost = rest.find(({ state }) => state !== "hashing");
      return lost === undefined
        ? { found: rest.length }
        : { missing: `board ${lost.index} is ${lost.state}: ${lost.reason}` };
    });
    return `${others} boards`;
  });
}

export async function removeSensor(scene: Scene, { stage }: RunContext): Promise<void> {
  const { board } = scene;
  await stage.step("sensor gone: power off", SEEN_WITHIN_S, async (signal) => {
    const seen = powerOffs(scene);
    const fromMs = stage.clock.nowMs();
    await board.removeSensor(0);
    const closedMs = stage.clock.nowMs();
    const detail = await judgeOff(scene, stage, signal, { board: 0, fromMs, before: seen });
    return `${detail}; the command took ${((closedMs - fromMs) / 1_000).toFixed(2)} s of it`;
  });
  await stage.step("sensor gone: the reason is told", SEEN_WITHIN_S, (signal) =>
    told(scene, stage, signal, "sensors-lost"),
  );
}

interface Offence {
  readonly board: number;
  /** From when the deadline counts. */
  readonly fromMs: number;
  /** Power-offs seen before. */
  readonly before: number;
}

/** The line itself counts, as the computer's register has it, and what anybody says of it does not. */
async function judgeOff(
  scene: Scene,
  stage: Stage,
  signal: AbortSignal,
  { board, fromMs, before }: Offence,
): Promise<string> {
  const deadlineMs = scene.spec.pollMs + SWITCH_OFF_WITHIN_MS;
  const change = await stage.until(signal, () => {
    const off = scene.lines.filter(isPowerOff)[before];
    return off === undefined ? { missing: "the enable line stays" } : { found: off };
  });
  if (change.chain !== board) throw new Error(`chain ${change.chain} lost power, not ${board}`);
  const tookMs = change.atMs - fromMs;
  const text = `enable line off after ${(tookMs / 1_000).toFixed(2)} s; deadline ${(deadlineMs / 1_000).toFixed(2)} s`;
  if (tookMs > deadlineMs) throw new Error(text);
  return text;
}

function powerOffs({ lines }: Scene): number {
  return lines.filter(isPowerOff).length;
}

/** The first look at a line is no change. */
function isPowerOff({ what, active }: LineChange, at: number, all: readonly LineChange[]): boolean {
  const { chain } = all[at] as LineChange;
  return (
    what === "power" &&
    !active &&
    all.slice(0, at).some((other) => other.what === "power" && other.chain === chain)
  );
}

async function told(
  { page }: Scene,
  stage: Stage,
  signal: AbortSignal,
  rule: string,
): Promise<string> {
  await stage.until(signal, async () =>
    (await page.events()).includes(`"rule":"${rule}"`)
      ? { found: true }
      : { missing: `no event of rule ${rule}` },
  );
  return `event ${rule}`;
}
