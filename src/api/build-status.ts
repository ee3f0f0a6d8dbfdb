/** From the words of guard and miner to the tree that everybody is shown. */
import type { AccountSnapshot, TallySnapshot } from "../telemetry/account-snapshot.ts";
import type { BoardSnapshot, MachineSnapshot } from "../telemetry/machine-snapshot.ts";
import type { ChainSnapshot, HashrateSnapshot, PoolSnapshot } from "../telemetry/snapshot.ts";
import { machineProblems } from "./machine-problems.ts";
import { machineState } from "./machine-state.ts";
import { sentenceOf } from "./sentence.ts";
import type { BoardStatus, PoolStatus, SensorStatus, Status, WorkTally } from "./status.ts";
import { type ConfiguredPool, STALE_AFTER_S, type StatusSource } from "./status-source.ts";

const TERA = 1e12;
const NO_RATES: HashrateSnapshot = { s5: 0, m1: 0, m5: 0, m15: 0, h24: 0 };

export function buildStatus(source: StatusSource): Status {
  const { facts, machine, guard } = source;
  const isFresh =
    guard.state !== "stopped" && source.machineAgeS !== null && source.machineAgeS <= STALE_AFTER_S;
  const boards = facts.boards.map((_, index) => boardStatus(index, source));
  const hashrateHps = machine?.miner?.total.hashrateWindowsHps ?? NO_RATES;
  const withoutTexts = {
    unixSeconds: source.nowUnixSeconds,
    measuredAgoS: source.machineAgeS,
    device: {
      name: source.name,
      board: facts.board,
      model: facts.model,
      chips: facts.chips,
      chip: facts.chip,
      simulated: facts.simulated,
      scale: facts.scale,
      hostname: facts.hostname,
      mac: facts.mac,
      ipv4: facts.ipv4,
      serialNumber: facts.serialNumber,
      firmware: "asicd" as const,
      version: facts.version,
      uptimeS: facts.upBeforeS + source.operator.uptimeS,
      persona: source.persona,
    },
    unnamed: facts.unnamed ?? null,
    paused: source.paused,
    identifying: machine?.identifying ?? false,
    hashrate: {
      expectedHps: sum(boards, ({ state, expectedHps }) => (state === "hashing" ? expectedHps : 0)),
      nominalHps: facts.boards.reduce(
        (total, { chipCount, hashesPerMHz }, index) =>
          total + chipCount * hashesPerMHz * (machine?.boards[index]?.targetFrequencyMHz ?? 0),
        0,
      ),
      hashrateHps,
    },
    temperature: hottest(boards),
    shares: sharesOf(machine),
    power: powerOf(source, boards, hashrateHps.m5),
    fans: {
      mode: machine?.fans.mode ?? "auto",
      targetDutyPercent: machine?.fans.targetDutyPercent ?? 0,
      reason: machine?.fans.reason ?? "nothing is known of the fans yet",
      required: machine?.fans.required ?? 0,
      turning: machine?.fans.turning ?? 0,
      fans: (machine?.fans.groups ?? []).flatMap(({ name, rpm }) =>
        rpm.map((value, i) => ({
          name: rpm.length === 1 ? name : `${name} ${i + 1}`,
          rpm: isFresh ? value : null,
        })),
      ),
    },
    boards,
    pools: source.pools.map((pool, index) => poolStatus(pool, index, source)),
    processes: {
      guard: { ...guard, lastWordAgoS: source.machineAgeS ?? guard.lastWordAgoS },
      miner: {
        state: machine?.minerProcess.state ?? ("stopped" as const),
        restarts: machine?.minerProcess.restarts ?? 0,
        reason: machine?.minerProcess.reason ?? null,
        uptimeS: machine?.miner?.uptimeS ?? null,
      },
      operator: source.operator,
    },
  };
  const state = machineState(source, isFresh, boards);
  const problems = machineProblems(source, isFresh, withoutTexts);
  return { ...withoutTexts, summary: sentenceOf(state, withoutTexts, problems), problems };
}

function boardStatus(index: number, source: StatusSource): BoardStatus {
  const { facts, machine, nowUnixSeconds } = source;
  const declared = facts.boards[index];
  const board = machine?.boards[index];
  const chain = machine?.miner?.chains[index];
  const chipsExpected = declared?.chipCount ?? 0;
  const isHashing = boardState(board, chain) === "hashing";
  return {
    index,
    present: board?.present ?? false,
    state: boardState(board, chain),
    reason: board?.reason ?? chain?.reason ?? null,
    step: chain?.bringUpStep ?? null,
    power: board?.power ?? "off",
    uart: declared?.uart ?? "",
    chip: declared?.chip ?? "",
    chipsExpected,
    chipsFound: chain?.chipsFound ?? 0,
    targetFrequencyMHz: board?.targetFrequencyMHz ?? 0,
    frequencyCapMHz: board?.frequencyCapMHz ?? 0,
    frequencyMHz: isHashing ? (chain?.frequencyMHz ?? 0) : 0,
    expectedHps: isHashing ? (chain?.nominalHps ?? 0) : 0,
    hashrateHps: chain?.hashrateWindowsHps ?? NO_RATES,
    accepted: chain?.accepted ?? 0,
    rejected: chain?.rejected ?? 0,
    hardwareErrors: chain?.hardwareErrors ?? 0,
    nonces: chain === undefined ? 0 : nonces(chain),
    crcErrors: chain?.wire.crcErrors ?? 0,
    supplyV: board?.supplyV ?? null,
    powerW: board?.supplyPowerW ?? null,
    protection: board?.protection ?? "absent",
    protectionReason: board?.protectionReason ?? "the guard has not told yet",
    sensors: (board?.sensors ?? []).map(
      (sensor): SensorStatus => ({
        name: sensor.name,
        place: sensor.place,
        temperatureC: sensor.temperatureC,
        reason: sensor.reason,
        unknownSinceUnixSeconds:
          sensor.temperatureC === null
            ? Math.round(nowUnixSeconds - (source.unknownForS.get(sensor.name) ?? 0))
            : null,
        targetC: sensor.targetC,
        hotC: sensor.hotC,
        dangerousC: sensor.dangerousC,
      }),
    ),
    serialNumber: null,
  };
}

function nonces(chain: ChainSnapshot): number {
  const { submitted, belowShareTarget, duplicate, stale, hardwareErrors, unknownJob } = chain;
  return submitted + belowShareTarget + duplicate + stale + hardwareErrors + unknownJob;
}

export function boardState(
  board: BoardSnapshot | undefined,
  chain: ChainSnapshot | undefined,
): BoardStatus["state"] {
  if (board?.present === false) return "absent";
  if (board?.state === "latched" || board?.state === "resting") return board.state;
  if (board?.power === "failed") return "faulted";
  switch (chain?.phase) {
    case "hashing":
    case "idle":
    case "resting":
    case "faulted":
      return chain.phase;
    case "powering":
      // Waits for its grant, whose reason is told beside it.
      return board?.power === "on" || board?.power === "turning-on" ? "starting" : "off";
    case "bringing-up":
      return "starting";
    default:
      return "off";
  }
}

/** The one nearest to its dangerous limit counts, as it does for the guard. */
function hottest(boards: readonly BoardStatus[]): Status["temperature"] {
  let found: { hottestC: number; where: string; marginC: number } | undefined;
  for (const { index, sensors } of boards)
    for (const { name, temperatureC, dangerousC } of sensors) {
      if (temperatureC === null) continue;
      const marginC = (dangerousC ?? Number.POSITIVE_INFINITY) - temperatureC;
      const isNearer =
        found === undefined ||
        marginC < found.marginC ||
        (marginC === found.marginC && temperatureC > found.hottestC);
      if (isNearer) found = { hottestC: temperatureC, where: `board ${index}, ${name}`, marginC };
    }
  return found === undefined
    ? { hottestC: null, where: null }
    : { hottestC: found.hottestC, where: found.where };
}

function powerOf(
  { facts, machine }: StatusSource,
  boards: readonly BoardStatus[],
  hashrateHps: number,
): Status["power"] {
  const powered = boards.filter(({ power }) => power === "on");
  const isMeasured = powered.length > 0 && powered.every(({ powerW }) => powerW !== null);
  const isWhole = powered.length === facts.boards.length;
  const measuredW = sum(powered, ({ powerW }) => powerW ?? 0);
  const powerW = isMeasured ? measuredW : isWhole ? facts.declaredPowerW : null;
  const source = powerW === null ? null : isMeasured ? "measured" : "declared";
  // Power is that of the real machine, hashes are fewer by the scale.
  const hashesTh = (hashrateHps * facts.scale) / TERA;
  return {
    powerW,
    powerSource: source,
    efficiencyJPerTh: powerW === null || hashesTh <= 0 ? null : powerW / hashesTh,
    supplyOn: machine?.supply?.on ?? null,
    supplyType: machine?.supply?.type ?? null,
    supplyV: machine?.supply?.voltageV ?? null,
  };
}

function sharesOf(machine: MachineSnapshot | null): Status["shares"] {
  const total = machine?.miner?.total;
  const accounts = (machine?.miner?.pools ?? []).flatMap(({ account }) => account ?? []);
  return {
    run: {
      submitted: total?.submitted ?? 0,
      accepted: total?.accepted ?? 0,
      rejected: total?.rejected ?? 0,
      belowShareTarget: total?.belowShareTarget ?? 0,
      duplicate: total?.duplicate ?? 0,
      stale: total?.stale ?? 0,
      hardwareErrors: total?.hardwareErrors ?? 0,
      unknownJob: total?.unknownJob ?? 0,
    },
    total: addTallies(accounts.map((account) => tallyOf(account.total))),
    withoutPoolS: machine?.miner?.withoutPool.s ?? 0,
  };
}

function tallyOf(tally: TallySnapshot): WorkTally {
  return {
    submitted: tally.submitted,
    accepted: tally.accepted,
    rejected: tally.rejected,
    staleByPool: tally.staleByPool,
    staleByUs: tally.staleByUs,
    unacknowledged: tally.unacknowledged,
    lost: tally.lost,
    acceptedDifficulty: tally.work.accepted.difficulty,
    rejectedDifficulty: tally.work.rejected.difficulty,
    rejections: tally.rejections.map((one) => ({ ...one })),
    bestDifficulty: tally.bestShare?.difficulty ?? null,
    bestUnixSeconds: tally.bestShare?.unixSeconds ?? null,
    lastShareUnixSeconds: tally.lastShareUnixSeconds,
    blocksFound: tally.blocksFound,
  };
}

function addTallies(tallies: readonly WorkTally[]): WorkTally {
  const best = tallies.reduce<WorkTally | undefined>(
    (so, one) => ((one.bestDifficulty ?? 0) > (so?.bestDifficulty ?? 0) ? one : so),
    undefined,
  );
  const last = tallies.flatMap(({ lastShareUnixSeconds: at }) => at ?? []);
  const rejections = new Map<string, WorkTally["rejections"][number]>();
  for (const one of tallies.flatMap((tally) => tally.rejections)) {
    const before = rejections.get(one.code);
    rejections.set(one.code, { ...one, count: one.count + (before?.count ?? 0) });
  }
  return {
    submitted: sum(tallies, ({ submitted }) => submitted),
    accepted: sum(tallies, ({ accepted }) => accepted),
    rejected: sum(tallies, ({ rejected }) => rejected),
    staleByPool: sum(tallies, ({ staleByPool }) => staleByPool),
    staleByUs: sum(tallies, ({ staleByUs }) => staleByUs),
    unacknowledged: sum(tallies, ({ unacknowledged }) => unacknowledged),
    lost: sum(tallies, ({ lost }) => lost),
    acceptedDifficulty: addDecimals(tallies.map((tally) => tally.acceptedDifficulty)),
    rejectedDifficulty: addDecimals(tallies.map((tally) => tally.rejectedDifficulty)),
    rejections: [...rejections.values()].sort((a, b) => b.count - a.count),
    bestDifficulty: best?.bestDifficulty ?? null,
    bestUnixSeconds: best?.bestUnixSeconds ?? null,
    lastShareUnixSeconds: last.length === 0 ? null : Math.max(...last),
    blocksFound: sum(tallies, ({ blocksFound }) => blocksFound),
  };
}

/** Exact: accounts count hashes as whole numbers, and a difficulty is those ÷ 2^32. */
function addDecimals(values: readonly string[]): string {
  const places = Math.max(0, ...values.map((value) => (value.split(".")[1] ?? "").length));
  const total = values.reduce((so, value) => {
    const [whole = "0", fraction = ""] = value.split(".");
    return so + BigInt(whole + fraction.padEnd(places, "0"));
  }, 0n);
  if (places === 0) return total.toString();
  const digits = total.toString().padStart(places + 1, "0");
  const fraction = digits.slice(-places).replace(/0+$/, "");
  return digits.slice(0, -places) + (fraction === "" ? "" : `.${fraction}`);
}

function poolStatus(pool: ConfiguredPool, index: number, source: StatusSource): PoolStatus {
  const told = source.machine?.miner?.pools.find(({ name }) => name === pool.name);
  return {
    index,
    ...pool,
    ...(told === undefined ? unknownPool(pool) : toldPool(told, source)),
  };
}

function toldPool(told: PoolSnapshot, { nowUnixSeconds, machineAgeS }: StatusSource) {
  const { account } = told;
  const difficulties = told.channels.map(({ shareDifficulty }) => shareDifficulty);
  return {
    encrypted: told.encrypted,
    state: told.state,
    stateSinceUnixSeconds: Math.round(nowUnixSeconds - (machineAgeS ?? 0) - told.stateSinceS),
    why: told.why,
    part: told.part,
    phase: told.phase,
    reason: told.reason,
    shareDifficulty: difficulties.length === 0 ? null : Math.min(...difficulties),
    channels: told.channels.length,
    connects: told.connects,
    blocksSeen: told.blocksSeen,
    accepted: told.accepted,
    rejected: told.rejected,
    total: account === null ? null : tallyOf(account.total),
    roundTripMs: roundTrip(account),
    lastAnswerAgoS: account?.lastAnswerAgoS ?? null,
    newBlockLatencyMs: told.newBlockLatencyMs?.p50 ?? null,
  };
}

function roundTrip(account: AccountSnapshot | null): number | null {
  return account?.roundTripMs?.p50 ?? null;
}

function unknownPool({ enabled }: ConfiguredPool) {
  return {
    encrypted: false,
    state: "off" as const,
    stateSinceUnixSeconds: null,
    why: enabled ? "the miner has not told yet" : "switched off by the operator",
    part: 0,
    phase: "idle",
    reason: null,
    shareDifficulty: null,
    channels: 0,
    connects: 0,
    blocksSeen: 0,
    accepted: 0,
    rejected: 0,
    total: null,
    roundTripMs: null,
    lastAnswerAgoS: null,
    newBlockLatencyMs: null,
  };
}

function sum<T>(items: readonly T[], pick: (item: T) => number): number {
  return items.reduce((total, item) => total + pick(item), 0);
}
