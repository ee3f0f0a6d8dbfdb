/** Steps about shares: waiting for them, answering them, and leaving all of it to the simulated pool. */
import Type from "typebox";
import { showDuration } from "./duration.ts";
import { StepFailure } from "./failures.ts";
import { readNumber } from "./numbers.ts";
import type { Acknowledging } from "./peer.ts";
import type { Step } from "./scenario.ts";
import { poolProperties, poolSettingsOf } from "./served-pool.ts";
import { child, plain, type SourceNode } from "./source.ts";
import type { Stage } from "./stage.ts";
import { jobOf } from "./steps-work.ts";
import { readJson } from "./values.ts";
import { anyValue, countOf, duration, placeName, textOf, timeOf, type Verb } from "./verb.ts";

const SHARE_WITHIN_MS = 60_000;

const acknowledge: Verb = {
  argument: Type.Union([
    Type.Enum(["each", "never"]),
    Type.Object(
      { batch: Type.Integer({ minimum: 1, maximum: 1_000_000 }) },
      { additionalProperties: false },
    ),
    Type.Object({ reject: anyValue }, { additionalProperties: false }),
  ]),
  form: "each | never | { batch: N } | { reject: CODE or JSON }",
  does: "what right shares are answered with from now on; each at first. Wrong ones fail the scenario anyway",
  async run(step, stage) {
    (await stage.peer()).acknowledging = acknowledgingOf(step.argument, stage);
  },
};

function acknowledgingOf(node: SourceNode | undefined, stage: Stage): Acknowledging {
  const batch = child(node, "batch");
  const reject = child(node, "reject");
  if (batch !== undefined) return { how: "batch", size: readNumber(batch, stage.scope) };
  if (reject !== undefined) return { how: "reject", error: readJson(reject, stage.scope) };
  return { how: node !== undefined && plain(node) === "never" ? "never" : "each" };
}

const expectShare: Verb = {
  argument: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  isArgumentOptional: true,
  options: { job: anyValue, at: placeName, within: duration },
  form: "N (1); job: VALUE, at: SERVER, within: TIME (60s)",
  does: "waits until that many more shares came that are right by the strict rules; of one job if it is named",
  async run(step, stage) {
    const wanted = countOf(step, undefined, 1);
    const withinMs = timeOf(step, "within", SHARE_WITHIN_MS);
    const count = await shareCounter(step, stage);
    const before = count();
    const found = await stage.until(withinMs, () =>
      count() - before >= wanted ? true : undefined,
    );
    if (found === undefined)
      throw new StepFailure(
        `${count() - before} of ${wanted} shares came within ${showDuration(withinMs)}`,
      );
  },
};

const expectNoShare: Verb = {
  argument: duration,
  options: { job: anyValue, at: placeName },
  form: "TIME; job: VALUE, at: SERVER",
  does: "fails if a right share comes within the time; of that job, if one is named",
  async run(step, stage) {
    const count = await shareCounter(step, stage);
    const before = count();
    const came = await stage.until(timeOf(step, undefined, 0), () =>
      count() > before ? true : undefined,
    );
    if (came === true) throw new StepFailure("a share came");
  },
};

async function shareCounter(step: Step, stage: Stage): Promise<() => number> {
  const at = textOf(step, "at");
  if (at !== undefined) {
    const { tally } = stage.place(at);
    return () => tally.accepted;
  }
  const peer = await stage.peer();
  const job = step.option("job");
  if (job !== undefined) {
    const jobId = jobOf(job, stage);
    return () => peer.sharesOfJob.get(jobId) ?? 0;
  }
  const place = stage.place(peer.placeName);
  return () => (place.isServing ? place.tally.accepted : peer.shares);
}

const serve: Verb = {
  argument: duration,
  options: { shares: Type.Integer({ minimum: 1, maximum: 1_000_000 }), ...poolProperties },
  form: "TIME; shares: N, quirks: […], blockInterval: TIME, … (see below)",
  does: "hands the connection, before its first byte is answered, to the simulated pool, which keeps it; goes on after the time, or once that many shares are accepted",
  async run(step, stage) {
    const peer = await stage.peer();
    if (peer.hasBegun) throw new StepFailure("steps have talked on this connection already");
    const place = stage.place(peer.placeName);
    const option = (key: string) => step.option(key);
    const pool = place.pool(poolSettingsOf(option, place.quirks));
    place.isServing = true;
    place.hand(peer.tap, pool);
    const shares = countOf(step, "shares", Number.POSITIVE_INFINITY);
    const before = place.tally.accepted;
    const enough = () => (place.tally.accepted - before >= shares ? true : undefined);
    const withinMs = timeOf(step, undefined, 0);
    const found = await stage.until(withinMs, enough);
    place.isServing = false;
    if (found === undefined && Number.isFinite(shares))
      throw new StepFailure(
        `${place.tally.accepted - before} of ${shares} shares came within ${showDuration(withinMs)}`,
      );
  },
};

export const shareSteps = { acknowledge, expectShare, expectNoShare, serve };
