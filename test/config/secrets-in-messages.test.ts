/** What is complained about is not repeated where it may be a secret: messages end in logs, on terminals and in bundles. */
import { describe, expect, test } from "vitest";
import { configurableChips, parseJsonc } from "../../firmware/cli/config-file.ts";
import { loadConfig } from "../../src/config/load.ts";
import { parsePath } from "../../src/config/paths.ts";
import { configToUci, uciToConfig } from "../../src/config/uci.ts";
import { formatUci, parseUci } from "../../src/config/uci-text.ts";
import { ConfigError } from "../../src/lib/errors.ts";
import {
  PLANTED,
  plantedCases,
  plantedConfig,
  secretPlaces,
  traceIn,
} from "../support/planted-secrets.ts";

/** The text of every problem; none when nothing is wrong. */
function messageOf(act: () => unknown): string {
  try {
    act();
    return "";
  } catch (error) {
    // What only a program can have done wrong is logged as well.
    if (error instanceof ConfigError || error instanceof RangeError) return error.message;
    throw error;
  }
}
const load = (value: unknown) => loadConfig(value, configurableChips, { mayLackPools: true });

test("the declaration has the secrets that these tests are about", () => {
  expect(secretPlaces.map((steps) => steps.join("."))).toEqual([
    "pool.password",
    "pools.0.password",
    "groups.0.pools.0.password",
    "mqtt.password",
    "webhook.url",
    "webhook.secret",
  ]);
  expect(
    plantedCases.filter((one) => messageOf(() => load(plantedConfig(one))) !== "").length,
  ).toBeGreaterThan(100);
});

describe("the settings' own checks repeat no secret", () => {
  test.each(plantedCases.map((one) => [one.about, one] as const))("%s", (_, one) => {
    const message = messageOf(() => load(plantedConfig(one)));
    expect(traceIn(message), message).toBeUndefined();
  });
});

describe("a file that is no JSON", () => {
  test.each([
    `{ "pool": { "password": ${PLANTED} } }`,
    `{ "pool": { "password": "it's "${PLANTED}" } }`,
    `{ "pool": { password: "${PLANTED}" } }`,
    `{ "pool": { "password" "${PLANTED}" } }`,
    `{ "pool": { "password": '${PLANTED}' } }`,
    `{ "pool": { "user": "x" "${PLANTED}": 1 } }`,
    `{ "pool": { "password": "${PLANTED}\n", "user": "x" } }`,
    `{ "pool": { "password": "\\x${PLANTED}" } }`,
    `{ "pool": { "password", "${PLANTED}", "again", "${PLANTED}" } }`,
    `{ "mqtt": { "${PLANTED}": 1, "${PLANTED}": 2 } }`,
    `{ "version": 1 } ${PLANTED}`,
    `/* ${PLANTED}`,
    PLANTED,
  ])("%s", (text) => {
    const message = messageOf(() => parseJsonc(text));
    expect(message).not.toBe("");
    expect(traceIn(message), message).toBeUndefined();
  });
});

describe("UCI repeats no secret", () => {
  test.each([
    `config mqtt\n option password=${PLANTED}`,
    `config mqtt\n option password '${PLANTED}`,
    `config mqtt\n option password it's ${PLANTED} 'x'`,
    `config mqtt\n option password x ${PLANTED}`,
    `config mqtt\n option '${PLANTED}' password`,
    `config mqtt\n password '${PLANTED}'`,
    `config mqtt\n list password '${PLANTED}'\n list password '${PLANTED}'`,
    `config mqtt\n option json_password '${PLANTED}'`,
    `config mqtt\n option json_pasword '${PLANTED}'`,
    `config mqtt\n option pasword '${PLANTED}'`,
    `config mqtt\n option url 'tcp://me:${PLANTED}@x:1'`,
    `config webhook '${PLANTED}'`,
    `config '${PLANTED}'`,
    "config password 'hunter2w9'",
    `option '${PLANTED}' x`,
    `${PLANTED}`,
    `asicd.webhook='https://x.example/${PLANTED}'`,
    `asicd.webhook='webhook'\nasicd.webhook.url '${PLANTED}'`,
    `asicd.webhook='webhook'\nasicd.webhook.secret='x' '${PLANTED}'`,
    "asicd.mqtt=password\nasicd.password=hunter2w9",
    `asicd.main='main'\nasicd.webhook.url='${PLANTED}'`,
  ])("%s", (text) => {
    const message = messageOf(() => load(uciToConfig(parseUci(text))));
    expect(message).not.toBe("");
    expect(traceIn(message), message).toBeUndefined();
  });

  test.each(plantedCases.map((one) => [one.about, one] as const))("%s", (_, one) => {
    const message = messageOf(() => {
      load(uciToConfig(parseUci(formatUci(configToUci(plantedConfig(one))))));
    });
    expect(traceIn(message), message).toBeUndefined();
  });

  test("nor does it when it cannot hold one", () => {
    const section = { type: "service", options: new Map([["password", `${PLANTED}\n`]]) };
    const message = messageOf(() => formatUci([section]));
    expect(message).toContain("password");
    expect(traceIn(message), message).toBeUndefined();
  });
});

test("a path that is none is repeated as far as it could be read", () => {
  const message = messageOf(() => parsePath(`mqtt.password=${PLANTED}`));
  expect(message).toContain("mqtt.password");
  expect(traceIn(message), message).toBeUndefined();
  expect(
    traceIn(messageOf(() => parsePath(`mqtt.password=${PLANTED.repeat(40)}`))),
  ).toBeUndefined();
});
