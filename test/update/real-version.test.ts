/** The real program under the real launcher: it judges itself on trial, and goes back with the reason on its page. */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { apiClient } from "../../firmware/cli/operator-commands/api-client.ts";
import type { DeviceEvent } from "../../src/api/status.ts";
import type { UpdateState } from "../../src/update/update-view.ts";
import { realTree } from "./real-tree.ts";
import { installedShells, ScratchMachine } from "./scratch-machine.ts";

const DIST = process.env["ASICD_TEST_DIST"] ?? resolve(import.meta.dirname, "../../dist");
const [[, shell] = ["", []]] = installedShells();

test("a real version whose guard refuses the machine goes back, and page and events say why", {
  timeout: 120_000,
}, async () => {
  using machine = new ScratchMachine();
  machine.putFiles(machine.paths.tree("base"), realTree(DIST, "0.1.0"));
  // A board that this computer is not: no guard will drive it.
  const config = {
    version: 1,
    machine: { board: "s19j-pro-bb" },
    api: { listen: ["127.0.0.1:0"] },
    compat: { cgminer: { enabled: false } },
    mdns: { enabled: false },
    paths: { stateDir: join(machine.root, "state"), runtimeDir: join(machine.root, "run") },
  };
  writeFileSync(machine.configFile, JSON.stringify(config));
  const words = ["--config", machine.configFile];
  const env = { ASICD_TRIAL_SECONDS: "60", ASICD_KILL_AFTER_SECONDS: "20" };
  const running = machine.launch(shell, ["run", ...words], { ...env, ASICD_STAY: "1" }, 110_000);
  const socket = join(machine.root, "run/operator.sock");
  const api = apiClient({ socket });
  const state = () =>
    api.get("/update").then(
      (value) => value as UpdateState,
      () => undefined,
    );
  try {
    await until(async () => (await state())?.possible === true);
    await api.send("POST", "/password", { new: "correct horse" });

    const file = machine.putUpdate({ version: "0.2.0", files: realTree(DIST, "0.2.0") });
    const staged = await machine.launch(
      shell,
      ["update", file, "--yes", "--stage-only", ...words],
      {},
      60_000,
    );
    expect(staged.stderr).toBe("");
    await until(async () => (await state())?.versions?.staged != null);
    const name = (await state())?.versions?.staged?.name ?? "";
    expect(name).toContain("versions/0.2.0-");
    // Nobody tells it that the guard refused before, so the new version has no excuse.
    const nobody = ["--socket", join(machine.root, "nobody")];
    await machine.launch(shell, ["update", "--activate", name, ...nobody, ...words], {}, 60_000);
    expect(machine.boot).toMatchObject({ run: name, state: "trial" });
    // A guard that has ended needs no time to stop: the answer may be lost.
    await api.send("POST", "/actions/restart").catch(() => {});

    await until(async () => (await state())?.versions?.returned != null);
    expect(machine.boot).toMatchObject({ run: "base", previous: name, state: "returned" });
    expect((await state())?.versions).toMatchObject({
      current: { version: "0.1.0" },
      returned: { version: "0.2.0" },
    });
    const { events } = (await api.get("/events")) as { events: readonly DeviceEvent[] };
    const told = events.filter(({ what }) => what === "update-returned");
    expect(told.map(({ reason }) => reason).join()).toMatch(
      /0\.2\.0 did not stay.*the guard does not drive this machine/,
    );
    await until(async () => (await state())?.versions?.returned?.isNew === false);
    expect(JSON.parse(readFileSync(machine.configFile, "utf8"))).toEqual(config);
  } finally {
    machine.endAll();
    await running;
  }
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const from = Date.now(); !(await isSo()); ) {
    if (Date.now() - from > 60_000) throw new Error("it never came");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
