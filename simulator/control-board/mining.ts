/** From the start of asicd in the guest until it mines, its page is open and everything that it shows is true. */
import type { Scene } from "./scene.ts";
import type { Stage } from "./stage.ts";

const PAGE_WITHIN_S = 240;
const CHAINS_WITHIN_S = 240;
const FIRST_SHARE_WITHIN_S = 90;
const SHARES_WANTED = 11;
const SHARES_WITHIN_S = 120;
const SEEN_WITHIN_S = 30;
/** The sensor has steps of 0.5 °C after its reset; what is shown may be two polls old while the board gets warm. */
const AGREES_WITHIN_C = 1.5;

export async function untilMining(
  { spec, world, attached, page }: Scene,
  stage: Stage,
): Promise<void> {
  const startMs = stage.clock.nowMs();
  const sinceStart = (atMs: number) => ((atMs - startMs) / 1_000).toFixed(1);
  await stage.step("board detected", PAGE_WITHIN_S, async (signal) => {
    const { device } = await stage.until(signal, async () => ({ found: await page.status() }));
    if (device.board !== spec.id) throw new Error(`it is taken for ${device.board}`);
    return `${device.model}, ${device.chips}; the API answers after ${sinceStart(stage.clock.nowMs())} s`;
  });
  await stage.step("page open", PAGE_WITHIN_S, async (signal) => {
    const bytes = await stage.until(signal, async () => ({ found: await page.load() }));
    await stage.until(signal, async () => {
      await page.openLive();
      return { found: true };
    });
    page.keepPolling();
    return `${Math.round(bytes / 1_024)} kB, live stream open, one client polls`;
  });
  await stage.step("chains up", CHAINS_WITHIN_S, async (signal) => {
    const chips = await stage.until(signal, async () => {
      const { boards } = await page.status();
      const late = boards.find(
        ({ state, chipsFound, chipsExpected }) =>
          state !== "hashing" || chipsFound !== chipsExpected,
      );
      if (boards.length === spec.chains.length && late === undefined)
        return { found: boards.map(({ chipsFound }) => chipsFound) };
      const { index, state, step, chipsFound, reason } = late ?? {};
      return {
        missing: `board ${index} is ${state}, ${step ?? ""} ${chipsFound} chips, ${reason ?? ""}`,
      };
    });
    return `${chips.join(" + ")} chips, ${sinceStart(stage.clock.nowMs())} s after asicd was started`;
  });
  await stage.step("first share", FIRST_SHARE_WITHIN_S, async (signal) => {
    const atMs = await stage.until(signal, () => {
      const { firstAcceptedMs } = world.shares;
      return firstAcceptedMs === undefined
        ? { missing: "the pool has accepted none" }
        : { found: firstAcceptedMs };
    });
    return `${sinceStart(atMs)} s after asicd was started`;
  });
  await stage.step("shares accepted > 10", SHARES_WITHIN_S, async (signal) => {
    const accepted = await stage.until(signal, () => {
      const { shares } = world;
      return shares.accepted >= SHARES_WANTED
        ? { found: shares.accepted }
        : { missing: `${shares.accepted} accepted, ${shares.rejected} rejected` };
    });
    return `${accepted} accepted, ${world.shares.rejected} rejected`;
  });
  await stage.step("temperature", SEEN_WITHIN_S, async (signal) =>
    stage.until(signal, async () => {
      const { boards } = await page.status();
      const readings = boards.map(({ index, sensors }) => ({
        seenC: sensors[0]?.temperatureC ?? Number.NaN,
        setC: attached.heat.shownC(index) ?? Number.NaN,
      }));
      const text = readings
        .map(({ seenC, setC }) => `${seenC.toFixed(1)} °C (set: ${setC.toFixed(1)})`)
        .join(", ");
      const agree = readings.every(({ seenC, setC }) => Math.abs(seenC - setC) <= AGREES_WITHIN_C);
      return agree ? { found: `read through the kernel: ${text}` } : { missing: text };
    }),
  );
  await stage.step("page is alive", SEEN_WITHIN_S, async (signal) => {
    const before = page.liveMessages;
    await stage.until(signal, () =>
      page.liveMessages > before + 2
        ? { found: true }
        : { missing: `${page.liveMessages - before} live messages` },
    );
    return `${page.liveMessages} live messages, ${page.answers} answers to the client, ${page.failures} failed`;
  });
}
