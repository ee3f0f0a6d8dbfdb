/** One sentence of truth, made from what was measured and decided; its parts as data for other languages. */
import { siRate } from "./si.ts";
import type { MachineState, Problem, Status } from "./status.ts";

type Part = Status["summary"]["parts"][number];
type Facts = Pick<
  Status,
  "unnamed" | "boards" | "fans" | "pools" | "hashrate" | "measuredAgoS" | "processes"
>;

/** English of each clause; `{name}` is a value. Other languages have the same codes. */
export const clauses: Readonly<Record<string, string>> = {
  "state-mining": "Mining {rate} on {pool} over {link}",
  "state-mining-many": "Mining {rate} on {count} pools, {pool} first, over {link}",
  "state-starting": "Starting: {what}",
  "state-starting-powered":
    "Starting: waiting for the miner, which is silent while {powered} of {boards} boards have power",
  "state-paused": "Paused by the operator",
  "state-pausing": "Pausing: {powered} of {boards} boards still have power",
  "state-no-pool": "No pool gives work: {why}",
  "state-no-pools": "No pool is set",
  "state-protected": "Nothing hashes: {why}",
  "state-protected-powered": "Nothing hashes, and {powered} of {boards} boards have power: {why}",
  "state-stopped": "Stopped",
  "state-refused": "Stopped: {why}",
  "state-unnamed": "Nothing is driven, and nothing is given power: {why}",
  "state-lost": "The guard has not answered for {seconds} s; nothing here is fresh",
  "state-guard-died": "The guard died and is started again; nothing here is fresh",
  fans: "fans {duty} % because {why}",
  "fans-immersion": "no fans, by your setting",
  boards: "{hashing} of {boards} boards hash",
  problems: "{count} things need you",
  problem: "one thing needs you",
};

export function sentenceOf(
  state: MachineState,
  facts: Facts,
  problems: readonly Problem[],
): Status["summary"] {
  const parts = partsOf(state, facts, problems);
  const [first, ...others] = parts.map(clauseText);
  return { state, sentence: `${[first, ...others].join("; ")}.`, parts };
}

function partsOf(state: MachineState, facts: Facts, problems: readonly Problem[]): Part[] {
  const parts = [statePart(state, facts, problems)];
  const { boards, fans } = facts;
  const hashing = boards.filter((board) => board.state === "hashing").length;
  if (state === "mining" && hashing < boards.length)
    parts.push({ code: "boards", values: { hashing, boards: boards.length } });
  if (state === "mining" || state === "starting" || state === "protected") {
    if (fans.mode === "immersion") parts.push({ code: "fans-immersion", values: {} });
    else if (fans.required > 0)
      parts.push({
        code: "fans",
        values: { duty: Math.round(fans.targetDutyPercent), why: fans.reason },
      });
  }
  const serious = problems.filter(({ severity }) => severity === "error").length;
  if (serious > 0 && state !== "lost")
    parts.push({ code: serious === 1 ? "problem" : "problems", values: { count: serious } });
  return parts;
}

function statePart(state: MachineState, facts: Facts, problems: readonly Problem[]): Part {
  const code = `state-${state}`;
  const { boards, processes } = facts;
  const powered = boards.filter(({ power }) => power !== "off").length;
  const power = { powered, boards: boards.length };
  switch (state) {
    case "mining":
      return miningPart(facts);
    case "starting": {
      const board = boards.find(({ state: at }) => at === "starting");
      if (board === undefined && powered > 0 && processes.miner.state === "silent")
        return { code: "state-starting-powered", values: power };
      const what = board === undefined ? "waiting for the miner" : `board ${board.index}`;
      const step = board?.step ?? null;
      return { code, values: { what: step === null ? what : `${what}, ${step}` } };
    }
    case "paused":
      return powered > 0 ? { code: "state-pausing", values: power } : { code, values: {} };
    case "no-pool": {
      if (!facts.pools.some(({ enabled }) => enabled))
        return { code: "state-no-pools", values: {} };
      const pool = facts.pools.find(({ enabled }) => enabled);
      return { code, values: { why: pool?.reason ?? pool?.why ?? "there is none" } };
    }
    case "protected": {
      const reason = boards.find((board) => board.reason !== null)?.reason;
      if (powered === 0)
        return { code, values: { why: reason ?? problems[0]?.text ?? "no board has power" } };
      const why =
        reason ??
        `the miner ${processes.miner.state === "running" ? "stopped its chains" : `is ${processes.miner.state}`}`;
      return { code: "state-protected-powered", values: { ...power, why } };
    }
    case "stopped": {
      if (facts.unnamed !== null)
        return { code: "state-unnamed", values: { why: facts.unnamed.why } };
      const { reason } = processes.guard;
      return reason === null
        ? { code, values: {} }
        : { code: "state-refused", values: { why: reason } };
    }
    case "lost":
      if (processes.guard.state === "stopped") return { code: "state-guard-died", values: {} };
      return { code, values: { seconds: Math.round(facts.measuredAgoS ?? 0) } };
    default:
      return { code, values: {} };
  }
}

function miningPart({ pools, hashrate }: Facts): Part {
  const active = pools.filter(({ state }) => state === "active");
  const [first] = active;
  const rate = siRate(hashrate.hashrateHps.m1);
  const link =
    first === undefined
      ? "nothing"
      : `${first.encrypted ? "encrypted" : "unencrypted"} ${first.protocol === "sv2" ? "SV2" : "Stratum V1"}`;
  const values = { rate, pool: first?.name ?? "no pool", link };
  return active.length > 1
    ? { code: "state-mining-many", values: { ...values, count: active.length } }
    : { code: "state-mining", values };
}

function clauseText({ code, values }: Part): string {
  return (clauses[code] ?? code).replace(
    /\{(\w+)\}/g,
    (_, name: string) => `${values[name] ?? "?"}`,
  );
}
