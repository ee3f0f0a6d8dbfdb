/** What a client read against what the machine says of itself. */
import type { Status } from "../../src/api/status.ts";
import { shownPoolUrl } from "../../src/compat/pool-url.ts";
import type { ReadBoard, ReadData } from "./python-client.ts";

const TOLERANCE = 0.01;
/** Some interfaces, and some clients' fields, have room for whole degrees and watts only. */
const WHOLE_DEGREE_C = 0.5;
const WHOLE_WATT_W = 0.5;

type Of<T> = (status: Status) => T;

/**
 * Where they differ, in words, from every truth of that while: figures must lie between the smallest and the largest,
 * within a percent. Clients that have no word for a thing are not asked for it.
 */
export function differences(read: ReadData, truths: readonly Status[]): readonly string[] {
  const [first] = truths;
  if (first === undefined) throw new RangeError("no truth to compare with");
  if (read.raised !== undefined || read.class === null)
    return [read.raised ?? "there is no machine"];

  const found: string[] = [];
  const near = (what: string, is: number | null | undefined, of: Of<number>, slackAtLeast = 0) => {
    if (is === null || is === undefined) return;
    const told = truths.map(of);
    const [low, high] = [Math.min(...told), Math.max(...told)];
    const slack = Math.max(slackAtLeast, TOLERANCE * Math.max(Math.abs(low), Math.abs(high)));
    if (!(is >= low - slack && is <= high + slack))
      found.push(`${what} ${is} instead of ${low === high ? low : `${low} to ${high}`}`);
  };
  const same = (what: string, is: unknown, of: Of<unknown>) => {
    const should = truths.map((status) => JSON.stringify(of(status)));
    if (!should.includes(JSON.stringify(is)))
      found.push(`${what} ${JSON.stringify(is)} instead of ${[...new Set(should)].join(" or ")}`);
  };

  const isAxeos = first.device.persona === "axeos";
  same("MAC", read.mac?.toLowerCase(), ({ device }) => device.mac);
  same("host name", read.hostname, ({ device }) => device.hostname);
  same("firmware", read.firmwareVersion, ({ device }) => `asicd ${device.version}`);
  near("rate", read.hashrateHps, ({ hashrate }) => hashrate.hashrateHps.s5);
  near("expected rate", read.expectedHps, ({ hashrate }) => hashrate.nominalHps);
  near("power", read.wattage, ({ power }) => power.powerW ?? 0, WHOLE_WATT_W);
  // Told in whole seconds.
  near("uptime", read.uptimeS, ({ device, processes }) =>
    Math.floor(isAxeos ? device.uptimeS : (processes.miner.uptimeS ?? 0)),
  );
  // Of AxeOS, pyasic has no such field and says true, and asic-rs goes by the rate.
  if (!isAxeos) same("mining", read.isMining, ({ paused }) => !paused);
  if (read.faultLight !== null) same("lamp", read.faultLight, ({ identifying }) => identifying);
  fanDifferences();
  same("boards", read.boards.length, ({ boards }) => boards.length);
  for (const board of read.boards) boardDifferences(board);
  if (read.pools.length > 0) poolDifferences();
  if (!isAxeos) errorDifferences();
  return found;

  function fanDifferences(): void {
    // Some leave out a fan that stands still, others add such fans up to the model's number.
    const turning = (rpms: readonly (number | null)[]) =>
      rpms.flatMap((rpm) => (rpm === null || rpm === 0 ? [] : [Math.round(rpm)]));
    const told = ({ fans }: Status) => {
      const all = turning(fans.fans.map(({ rpm }) => rpm));
      return isAxeos ? all.slice(0, 1) : all;
    };
    const is = turning(read.fans);
    same("turning fans", is.length, (status) => told(status).length);
    for (const [i, rpm] of is.entries()) near(`fan ${i}`, rpm, (status) => told(status)[i] ?? 0);
  }

  function boardDifferences(board: ReadBoard): void {
    const at = `board ${board.slot}`;
    const of =
      (pick: (board: Status["boards"][number]) => number): Of<number> =>
      ({ boards }) => {
        const one = boards[board.slot];
        return one === undefined ? Number.NaN : pick(one);
      };
    near(
      `${at} rate`,
      board.hashrateHps,
      of(({ hashrateHps }) => hashrateHps.s5),
    );
    // AxeOS tells how many chips there are, not how many answer.
    const chips = isAxeos ? "chipsExpected" : "chipsFound";
    near(
      `${at} chips`,
      board.chips,
      of((one) => one[chips]),
    );
    near(
      `${at} temperature`,
      board.temp,
      of((one) => mean(one, isAxeos ? "regulator" : "board")),
      WHOLE_DEGREE_C,
    );
    near(
      `${at} chip temperature`,
      board.chipTemp,
      of((one) => mean(one, "chip")),
      WHOLE_DEGREE_C,
    );
  }

  function poolDifferences(): void {
    // asic-rs shows AxeOS' place for a fallback, also an empty one.
    const shown = read.pools.filter(({ user }) => user !== null);
    same(
      "users",
      shown.map(({ user }) => user),
      ({ pools }) => pools.map(({ user }) => user),
    );
    const active = shown.map((pool) => pool.active);
    same("active pool", active, ({ pools }) => {
      const are = pools.map(({ state }) => state === "active");
      // AxeOS has a word for which of the two, and none for neither.
      return isAxeos && !are.includes(true) ? active : are;
    });
    if (isAxeos) return;
    same(
      "URLs",
      shown.map(({ url }) => url),
      ({ pools }) => pools.map(({ url }) => shownPoolUrl(url)),
    );
    same(
      "living pools",
      shown.map(({ alive }) => alive),
      ({ pools }) => pools.map(({ state }) => state === "active" || state === "standby"),
    );
    for (const [i, { accepted, rejected }] of shown.entries()) {
      near(`pool ${i} accepted`, accepted, ({ pools }) => pools[i]?.accepted ?? -1);
      near(`pool ${i} rejected`, rejected, ({ pools }) => pools[i]?.rejected ?? -1);
    }
  }

  /** Sentences may tell a figure that has just changed. */
  function errorDifferences(): void {
    const sentences = ({ problems }: Status) =>
      problems.flatMap(({ severity, text }) => (severity === "info" ? [] : [text]));
    const should = truths.map(sentences);
    const isTold = should.some(
      (texts) =>
        texts.length === read.errors.length && texts.every((text) => read.errors.includes(text)),
    );
    if (!isTold)
      found.push(
        `errors ${JSON.stringify(read.errors)} instead of ${JSON.stringify(should.at(-1))}`,
      );
  }
}

/** 0 where none is known, as Bitmain's interfaces have it. */
function mean({ sensors }: Status["boards"][number], place: string): number {
  const known = sensors
    .filter((sensor) => sensor.place === place)
    .flatMap(({ temperatureC }) => temperatureC ?? []);
  return known.length === 0 ? 0 : known.reduce((sum, value) => sum + value, 0) / known.length;
}
