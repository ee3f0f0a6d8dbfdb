/** What commands and the API answer to wrong settings repeats nothing that may be a secret. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { configurableChips } from "../../firmware/cli/config-file.ts";
import { runProgram } from "../../firmware/cli/program.ts";
import { configCommand } from "../../firmware/config-command.ts";
import { SettingsDesk } from "../../firmware/config-desk.ts";
import { memoryConfigStore } from "../../firmware/config-store.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { checkRequest } from "../../src/api/check-request.ts";
import { routes } from "../../src/api/routes.ts";
import { formatPath } from "../../src/config/paths.ts";
import { mayHoldSecret, type SchemaNode } from "../../src/config/schema-node.ts";
import { configToUci } from "../../src/config/uci.ts";
import { formatUci } from "../../src/config/uci-text.ts";
import {
  PLANTED,
  PLANTED_NUMBER,
  plantedCases,
  plantedConfig,
  soundFor,
  traceIn,
} from "../support/planted-secrets.ts";

const folder = mkdtempSync(join(tmpdir(), "asicd-secrets-"));
const file = join(folder, "asicd.jsonc");
const other = join(folder, "other.jsonc");
const uci = join(folder, "asicd");
afterAll(() => rmSync(folder, { recursive: true }));

/** Both streams of `asicd config …`, in their order. */
async function config(...words: string[]): Promise<string> {
  let said = "";
  const note = (text: string) => {
    said += text;
  };
  await runProgram(
    { version: "0", commands: [configCommand], loadMoreCommands: async () => [] },
    ["config", ...words, "--config", file],
    {
      stdout: note,
      stderr: note,
      isTerminal: false,
      terminalSize: () => ({ columns: 80, rows: 24 }),
      signal: new AbortController().signal,
      env: { ASICD_SOCKET: join(folder, "none.sock") },
    },
  );
  return said;
}

const table = plantedCases.map((one) => [one.about, one] as const);

test("the commands do answer", async () => {
  writeFileSync(file, '{ "version": 1, "mqtt": 5 }');
  expect(await config("validate")).toContain("mqtt: what stands there is not valid");
  writeFileSync(file, '{ "version": 1 }');
  expect(await config("set", "mqtt.passwrd", PLANTED)).toContain('did you mean "password"?');
});

describe("asicd config repeats no secret", () => {
  test.each(table)("%s", async (_, one) => {
    const sound = JSON.stringify(soundFor(one.path));
    const wrong = JSON.stringify(plantedConfig(one));
    writeFileSync(file, wrong);
    writeFileSync(other, sound);
    const said = [];
    for (const words of [["validate"], ["get"], ["diff", other], ["export"], ["set", "name", "x"]])
      said.push(await config(...words));
    writeFileSync(file, sound);
    writeFileSync(other, wrong);
    said.push(await config("diff", other));
    const path = formatPath(one.path);
    if (traceIn(path) === undefined) {
      said.push(await config("set", path, JSON.stringify(one.value)));
      writeFileSync(file, sound);
      said.push(await config("set", path, `${one.value}`));
    }
    writeFileSync(file, sound);
    const asUci = textOf(() => formatUci(configToUci(plantedConfig(one))));
    writeFileSync(uci, asUci);
    said.push(await config("import", uci, "--uci"));
    writeFileSync(file, sound);
    said.push(await config("sync", uci, "--uci"));
    for (const text of said) expect(traceIn(text), text).toBeUndefined();
  });

  test.each([
    ["set", `mqtt.password=${PLANTED}`, "x"],
    ["set", "mqtt", `{ "password": ${PLANTED} }`],
    ["set", "mqtt", `{ "url": "mqtt://x:1", "pasword": "${PLANTED}" }`],
    ["set", "webhook", `https://x.example/${PLANTED}`],
    ["set", "webhook.url", PLANTED],
    ["set", "pools", `["stratum+tcp://me:${PLANTED}@x:1"]`],
  ])("%s %s %s", async (...words) => {
    writeFileSync(file, '{ "version": 1 }');
    const said = await config(...words);
    expect(said).toContain("asicd:");
    expect(traceIn(said), said).toBeUndefined();
  });
});

/** What UCI cannot hold comes from no UCI. */
function textOf(make: () => string): string {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) return "config main\n\toption nmae 'x'\n";
    throw error;
  }
}

describe("the desk behind page, API, MQTT and port 4028 repeats no secret", () => {
  test.each(table)("%s", async (_, one) => {
    using desk = new SettingsDesk({
      store: memoryConfigStore(soundFor(one.path)),
      clock: new VirtualClock(),
      chips: configurableChips,
      mayLackPools: true,
      apply() {},
    });
    const changes = [{ path: formatPath(one.path), value: one.value }];
    for (const result of [
      await desk.preview(changes),
      await desk.apply(changes),
      await desk.replace(plantedConfig(one)),
    ]) {
      const text = JSON.stringify(result);
      expect(traceIn(text), text).toBeUndefined();
    }
  });
});

describe("a request that is not as its operation wants it is refused without its secrets", () => {
  const withSecrets = routes.flatMap((route) => {
    const body = route.body as SchemaNode | undefined;
    return body !== undefined && mayHoldSecret([body])
      ? [[`${route.method} ${route.path}`, route, body] as const]
      : [];
  });

  test("to every operation that takes one", () => {
    expect(withSecrets.map(([name]) => name)).toEqual(
      expect.arrayContaining(["POST /session", "POST /password", "PATCH /config", "PUT /config"]),
    );
  });

  test.each(withSecrets)("%s", (_, route, body) => {
    const wrong = [PLANTED, PLANTED.repeat(200), PLANTED_NUMBER, [PLANTED], { [PLANTED]: 1 }];
    const bodies: unknown[] = [...wrong];
    for (const [key, node] of Object.entries(body.properties ?? {}))
      if (mayHoldSecret([node]))
        for (const value of [...wrong, [{ path: PLANTED.repeat(30), value: PLANTED }]])
          bodies.push({ [key]: value }, { [`${key}x`]: value }, { [`${key}=${PLANTED}`]: 1 });
    for (const given of bodies) {
      const answer = checkRequest(route, { params: {}, query: {}, body: given });
      if (answer.is === "checked") continue;
      const text = JSON.stringify(answer);
      expect(traceIn(text), text).toBeUndefined();
    }
  });
});
