/** How a scenario answers what a Stratum V1 device says first: configure, subscribe, authorize and their like, in any order. */
import { toHex } from "../../src/lib/bytes.ts";
import { readNumber } from "./numbers.ts";
import type { Received } from "./peer.ts";
import type { Step } from "./scenario.ts";
import type { Stage } from "./stage.ts";
import { checkFields } from "./steps-talking.ts";
import type { V1Peer } from "./v1-peer.ts";
import { readBytes } from "./values.ts";
import { countOf, textOf } from "./verb.ts";

const DEFAULT_MASK = "1fffe000";
const DEFAULT_EXTRANONCE1 = "f0000001";
const DEFAULT_EXTRANONCE2_BYTES = 4;

const opening = [
  ...["mining.configure", "mining.subscribe", "mining.authorize", "mining.extranonce.subscribe"],
  ...["mining.suggest_difficulty", "mining.suggest_target", "mining.capabilities", "mining.ping"],
];

/** Ends when the device is subscribed and authorized; what it asks afterwards is answered without a step. */
export async function answerOpening(
  step: Step,
  stage: Stage,
  peer: V1Peer,
  withinMs: number,
): Promise<void> {
  const difficulty = step.option("difficulty");
  if (difficulty !== undefined) peer.book.difficulty = readNumber(difficulty, stage.scope);
  const done = new Set<string>();
  while (!(done.has("mining.subscribe") && done.has("mining.authorize"))) {
    const request = await stage.expectOneOf(opening, withinMs);
    if (request.name === "mining.subscribe") checkFields(step.option("with"), request, peer, stage);
    if (request.name === "mining.suggest_difficulty") heed(request, step, stage, peer);
    answer(request, step, stage, peer);
    done.add(request.name);
  }
  peer.sendValues("mining.set_difficulty", { difficulty: peer.book.difficulty });
  peer.onFurtherRequest = (request) => answer(request, step, stage, peer);
}

/** A wish that comes before the first job is granted where the scenario has none of its own. */
function heed(request: Received, step: Step, stage: Stage, peer: V1Peer): void {
  const wish = request.fields["difficulty"];
  const isOpen = step.option("difficulty") === undefined && stage.scenario.difficulty === undefined;
  if (isOpen && typeof wish === "number" && wish > 0) peer.book.difficulty = wish;
}

function answer(request: Received, step: Step, stage: Stage, peer: V1Peer): void {
  const { id } = request.fields;
  const reply = (result: unknown, error: unknown = null) =>
    peer.sendValues("response", { id, result, error });
  switch (request.name) {
    case "mining.configure":
      configure(request, textOf(step, "configure") ?? "answer", textOf(step, "versionMask"), reply);
      break;
    case "mining.subscribe": {
      const given = step.option("extranonce1");
      const extranonce1 =
        given === undefined ? DEFAULT_EXTRANONCE1 : toHex(readBytes(given, stage.scope));
      const size = countOf(step, "extranonce2Size", DEFAULT_EXTRANONCE2_BYTES);
      const subscriptions = [
        ["mining.set_difficulty", "d1"],
        ["mining.notify", "a1"],
      ];
      reply([subscriptions, extranonce1, size]);
      break;
    }
    case "mining.authorize":
      if (textOf(step, "authorize") === "refuse") reply(null, [24, "Unauthorized worker", null]);
      else reply(true);
      break;
    case "mining.ping":
      reply("pong");
      break;
    case "response":
    case "unknown":
      break;
    default:
      reply(true);
  }
}

function configure(
  request: Received,
  how: string,
  mask: string | undefined,
  reply: (result: unknown, error?: unknown) => void,
): void {
  const { extensions, parameters } = request.fields;
  const asked = Array.isArray(extensions) ? extensions : [];
  if (how === "silence") return;
  if (how === "error") {
    // What servers from before BIP310 say of a method that they do not know.
    reply(null, [-3, "Method not found", null]);
    return;
  }
  const result: Record<string, unknown> = {};
  for (const extension of asked) {
    result[String(extension)] = how === "answer";
    if (extension === "version-rolling" && how === "answer")
      result["version-rolling.mask"] = mask ?? wantedMask(parameters);
  }
  reply(result);
}

/** What the device may roll and we allow. */
function wantedMask(parameters: unknown): string {
  const wanted =
    typeof parameters === "object" && parameters !== null
      ? Reflect.get(parameters, "version-rolling.mask")
      : undefined;
  const bits = Number.parseInt(String(wanted ?? DEFAULT_MASK), 16);
  return ((bits & Number.parseInt(DEFAULT_MASK, 16)) >>> 0).toString(16).padStart(8, "0");
}
