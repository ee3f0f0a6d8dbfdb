/** Configurations in which a secret stands wrongly, in every way that we know of, at every place that the declaration calls secret. */
import { withValueAt } from "../../src/config/paths.ts";
import { configTree } from "../../src/config/schema.ts";
import type { Step } from "../../src/config/schema-node.ts";
import { configNodes } from "../../src/config/tree.ts";

/** No part of it is a word that stands in a message anyway; neither a JSON nor a UCI text has to escape it. */
export const PLANTED = "Xq7!vKzP$w9";
export const PLANTED_NUMBER = 739_184_620_517;
/** What is looked for: beginnings count as well, as messages cut what is long. */
const TRACES = [PLANTED.slice(0, 6), "w9", `${PLANTED_NUMBER}`.slice(0, 6)];

export interface PlantedCase {
  readonly about: string;
  /** Of the node that is changed. */
  readonly path: readonly Step[];
  readonly value: unknown;
}

const sound = {
  version: 1,
  mqtt: { url: "mqtt://broker.example:1883", user: "me" },
  webhook: { url: "https://hooks.example/x" },
};
const pool = { url: "stratum+tcp://one.example:1", user: "me" };
/** Each form of the pools has a file of its own. */
const POOLS: Readonly<Record<string, object>> = {
  pool: { pool },
  pools: { pools: [pool] },
  groups: { groups: [{ pools: [pool] }] },
};

/** A sound configuration in which a pool can be found at the place that `path` begins with. */
export function soundFor([first]: readonly Step[]): Readonly<Record<string, unknown>> {
  return { ...sound, ...(POOLS[`${first}`] ?? POOLS["pool"]) };
}

/** The whole configuration of a case. */
export function plantedConfig({ path, value }: PlantedCase): unknown {
  return withValueAt(soundFor(path), path, value);
}

const WRONG: Readonly<Record<string, unknown>> = {
  "too long": PLANTED.repeat(200),
  "a number": PLANTED_NUMBER,
  "in a list": [PLANTED],
  "in an object": { text: PLANTED },
  "as a key": { [PLANTED]: true },
  "of another scheme": `ftp://${PLANTED}`,
  "too short or a name alone": PLANTED,
  "with control characters": `${PLANTED}\u0000\n`,
};

/** The places of secrets as steps: "pools[].password" as pools, 0, password. */
export const secretPlaces: readonly (readonly Step[])[] = configNodes(configTree)
  .filter(({ secret }) => secret)
  .map(({ path }) =>
    path
      .replaceAll("[]", ".0")
      .split(".")
      .map((step) => (step === "0" ? 0 : step)),
  );

/** Where an operator writes who he is into an address. */
const ADDRESSES = ["pool.url", "mqtt.url"].flatMap((path) =>
  [
    `tcp://me:${PLANTED}@host.example:1883`,
    `mqtt://me:${PLANTED}@host.example`,
    `me:${PLANTED}@host.example:1883`,
    `${PLANTED}://host.example:1`,
    `${PLANTED}:x@stratum+tcp://host.example:1`,
    `stratum+tcp://me:${PLANTED}@host.example:3333`,
    `stratum+tcp://host.example:3333/${PLANTED}`,
    `stratum+tcp://host.example:${PLANTED}`,
    `stratum2+tcp://me:${PLANTED}@host.example:3333/9key`,
    `stratum2+tcp://host.example:3333/${PLANTED}`,
    `wss://host.example/mqtt?token=${PLANTED}`,
  ].map((value): PlantedCase => ({ about: `${path}: ${value}`, path: path.split("."), value })),
);

const KEY_TEXT = `-----BEGIN EC PRIVATE KEY-----\n${PLANTED.repeat(3)}\n`;
const FILES: readonly PlantedCase[] = ["certificateFile", "keyFile"].flatMap((key) =>
  [KEY_TEXT, KEY_TEXT.repeat(20)].map((value) => ({
    about: `a key of ${value.length} characters in place of its file, ${key}`,
    path: ["api"],
    value: { tls: "own", certificateFile: "/c.pem", keyFile: "/k.pem", [key]: value },
  })),
);

export const plantedCases: readonly PlantedCase[] = [
  ...secretPlaces.flatMap((place) => [
    ...Object.entries(WRONG).map(([how, value]) => ({ about: how, path: place, value })),
    ...beside(place),
    ...above(place),
  ]),
  ...ADDRESSES,
  ...FILES,
].map((one) => ({ ...one, about: `${one.path.join(".")}: ${one.about}`.replace(PLANTED, "…") }));

/** Its key misspelt, and key and value the wrong way round. */
function beside(place: readonly Step[]): readonly PlantedCase[] {
  const parent = place.slice(0, -1);
  const key = `${place.at(-1)}`;
  const misspelt = [`${key}x`, key.slice(1), key.toUpperCase(), `${key}=${PLANTED}`];
  return [
    ...misspelt.map((name) => ({
      about: `under "${name}"`,
      path: [...parent, name],
      value: PLANTED,
    })),
    { about: "in the place of its key", path: [...parent, PLANTED], value: key },
  ];
}

/** Where something belongs that has it as a part. */
function above(place: readonly Step[]): readonly PlantedCase[] {
  return place.slice(0, -1).flatMap((_, depth) =>
    [PLANTED, `https://x.example/${PLANTED}`, PLANTED_NUMBER, [PLANTED], [[PLANTED]]].map(
      (value) => ({
        about: `${JSON.stringify(value)} in its place`,
        path: place.slice(0, depth + 1),
        value,
      }),
    ),
  );
}

/** The first trace of the secret in a text; `undefined`: there is none. */
export function traceIn(text: string): string | undefined {
  return TRACES.find((trace) => text.includes(trace));
}
