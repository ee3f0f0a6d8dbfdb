/** What stands around the steps of a file: servers, how the device is to be set, assertions. */
import { printable } from "../../src/lib/bytes.ts";
import { ConfigError } from "../../src/lib/errors.ts";
import { nearest } from "../../src/lib/nearest.ts";
import { parseLeniencies } from "../pool/leniencies.ts";
import { parseQuirks } from "../pool/quirks.ts";
import { certificateOf } from "./certificates.ts";
import { durationMs } from "./duration.ts";
import { facts, MESSAGES } from "./facts.ts";
import {
  type AssertedFact,
  type DeviceHints,
  MAIN,
  type PlaceSpec,
  type ScenarioProtocol,
} from "./scenario.ts";
import { type poolProperties, poolSettingsOf } from "./served-pool.ts";
import { child, plain, type SourceNode } from "./source.ts";

/** Takes down a problem at a line. */
export type Note = (line: number, problem: string, allowed?: string) => void;

export function plainOf(node: SourceNode | undefined, key: string): unknown {
  const found = child(node, key);
  return found === undefined ? undefined : plain(found);
}

const switchParsers: ReadonlyMap<string, (texts: readonly string[]) => unknown> = new Map<
  string,
  (texts: readonly string[]) => unknown
>([
  ["quirks", (texts) => parseQuirks(texts)],
  ["leniencies", (texts) => parseLeniencies(texts)],
]);

/** Quirks and leniencies, wherever in the file they are. */
export function checkSwitches(node: SourceNode, note: Note): void {
  const children = node.kind === "map" ? [...node.entries] : [];
  for (const [key, value] of children) {
    const parse = switchParsers.get(key);
    const texts = plain(value);
    if (parse !== undefined && Array.isArray(texts)) {
      try {
        parse(texts.map(String));
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        for (const { problem, allowed } of error.problems) note(value.line, problem, allowed);
      }
    }
    checkSwitches(value, note);
  }
  if (node.kind === "list") for (const item of node.items) checkSwitches(item, note);
}

export function readPlaces(
  root: SourceNode,
  protocol: ScenarioProtocol,
  note: Note,
): readonly PlaceSpec[] {
  const quirks = (plainOf(root, "quirks") as readonly string[] | undefined) ?? [];
  const place = (name: string, node: SourceNode | undefined): PlaceSpec => {
    const serve = child(node, "serve");
    const own = plainOf(node, "protocol") ?? protocol;
    return {
      name,
      protocol: own === "sv1" ? "sv1" : "sv2",
      certificate: certificateOf(child(node, "certificate")) ?? {},
      isForeign: plainOf(node, "foreign") === true,
      isPlaintext: plainOf(node, "plaintext") === true,
      isElsewhere: plainOf(node, "elsewhere") === true,
      serve:
        serve === undefined
          ? undefined
          : poolSettingsOf((key: keyof typeof poolProperties) => child(serve, key), quirks),
    };
  };
  const servers = child(root, "servers");
  const others = servers?.kind === "map" ? [...servers.entries] : [];
  for (const [name, node] of others)
    if (name === MAIN) note(node.line, `"${MAIN}" is where the scenario begins`, "another name");
  return [place(MAIN, root), ...others.map(([name, node]) => place(name, node))];
}

export function readDevice(
  node: SourceNode | undefined,
  places: readonly PlaceSpec[],
  note: Note,
): DeviceHints {
  const value = <T>(key: string, usual: T) => (plainOf(node, key) as T | undefined) ?? usual;
  const known = places.map(({ name }) => name);
  for (const key of ["pools", "mayFollowTo"])
    for (const name of value<readonly string[]>(key, []))
      if (!known.includes(name))
        note(child(node, key)?.line ?? 1, `no server is called ${name}`, known.join(", "));
  const silence = plainOf(node, "silence");
  return {
    channel: value("channel", "auto"),
    user: value("user", "asicd.test"),
    pools: value("pools", [MAIN]),
    mayFollowTo: value("mayFollowTo", []),
    versionMask: value("versionMask", "bip320"),
    tolerateFlagEcho: value("tolerateFlagEcho", false),
    workerName: value("workerName", ""),
    suggestDifficulty: value<DeviceHints["suggestDifficulty"]>("suggestDifficulty", undefined),
    silenceMs: silence === undefined ? undefined : durationMs(String(silence)),
    chains: value("chains", 1),
    isHashing: value("hashing", true),
  };
}

export function readAsserts(
  node: SourceNode | undefined,
  places: readonly PlaceSpec[],
  note: Note,
): readonly AssertedFact[] {
  if (node?.kind !== "map") return [];
  return [...node.entries].flatMap(([key, expected]) => {
    const [first = "", ...rest] = key.split(".");
    const place = places.find(({ name }) => name === first)?.name;
    const fact = place === undefined ? key : rest.join(".");
    if (!Object.hasOwn(facts, fact) && !fact.startsWith(MESSAGES)) {
      const known = [...Object.keys(facts), `${MESSAGES}NAME`];
      const meant = nearest(fact, known);
      const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
      note(expected.line, `"${printable(key, 40)}" is no fact${hint}`, known.join(", "));
      return [];
    }
    return [{ fact, place, line: expected.line, expected }];
  });
}
