/** The package in a folder, its init script under the harness, and real processes: what procd would do is done by the harness. */
import { existsSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { expect, test as runTest } from "vitest";
import { apiClient } from "../../firmware/cli/operator-commands/api-client.ts";
import { hasBusybox } from "./needs.ts";
import { isAlive, Router, until } from "./router.ts";

/** apt-get install busybox */
const test = runTest.skipIf(!hasBusybox);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address() as { readonly port: number };
  await new Promise((done) => server.close(done));
  return port;
}

/** Installed, and with settings that touch nothing outside of its folder. */
async function router(): Promise<Router> {
  const one = new Router();
  await one.install();
  const port = await freePort();
  for (const setting of [
    "asicd.main.name=cellar",
    "asicd.service.watchdog=asicd",
    "asicd.api=api",
    `asicd.paths.state_dir=${one.path("etc/asicd/state")}`,
    `asicd.paths.runtime_dir=${one.path("var/run/asicd")}`,
  ])
    await one.uci("set", setting);
  await one.uci("add_list", `asicd.api.listen=127.0.0.1:${port}`);
  await one.uci("commit", "asicd");
  return one;
}

const apiOf = (one: Router) => apiClient({ socket: one.path("var/run/asicd/operator.sock") });

async function configOf(one: Router): Promise<{ readonly name: string; readonly pools?: unknown }> {
  const { config } = (await apiOf(one).get("/config")) as { config: { name: string } };
  return config;
}

const answers = (one: Router) =>
  until(() => configOf(one).catch(() => undefined), 60_000, "the API answers");

test("starts, is started again when it dies, takes changes of UCI while it runs, stops, and leaves the settings", async () => {
  await using one = await router();

  await one.init("enable");
  expect(existsSync(one.path("etc/rc.d/S99asicd"))).toBe(true);
  await one.init("start");
  expect(await answers(one)).toMatchObject({ name: "cellar" });
  const first = await until(() => one.pid);
  // Until somebody owns the machine its API changes nothing, and UCI's changes would take a restart.
  await apiOf(one).send("POST", "/password", { new: "correct horse" });
  expect(JSON.parse(one.read("etc/asicd.jsonc"))).toMatchObject({ version: 1, name: "cellar" });
  expect(one.read("tmp/watchdog")).toBe("nobody\n");

  // Dies.
  process.kill(first, "SIGKILL");
  rmSync(one.path("var/run/asicd/operator.sock"));
  const second = await until(() => (one.pid === first ? undefined : one.pid));
  await answers(one);

  // Nothing changed: nothing happens. A change is in force without a restart.
  await one.init("reload");
  expect(one.pid).toBe(second);
  await one.uci("set", "asicd.main.name=attic");
  await one.uci("add", "asicd", "pool");
  await one.uci("set", "asicd.@pool[0].url=stratum+tcp://127.0.0.1:9");
  await one.uci("set", "asicd.@pool[0].user=it's me");
  await one.uci("commit", "asicd");
  await one.init("reload");
  // A new name starts page and API again, and nothing else.
  await until(async () => (await answers(one)).name === "attic");
  expect(await answers(one)).toMatchObject({
    pools: [{ url: "stratum+tcp://127.0.0.1:9", user: "it's me" }],
  });
  expect(one.pid).toBe(second);

  // A change elsewhere comes back into UCI.
  await one.sh(
    `"$IPKG_INSTROOT/usr/bin/asicd" config set name loft --config ${one.path("etc/asicd.jsonc")}`,
  );
  await until(async () => (await one.uci("get", "asicd.main.name")) === "loft\n");
  expect(await one.uci("get", "asicd.@pool[0].user")).toBe("it's me\n");
  expect(await one.uci("get", "asicd.service.watchdog")).toBe("asicd\n");

  // What is wrong is told and changes nothing.
  await one.uci("set", "asicd.main.nmae=typo");
  await one.uci("commit", "asicd");
  await one.init("reload");
  expect(one.log).toContain("daemon.err asicd: asicd: asicd.main.nmae: nothing by this name");
  expect(one.pid).toBe(second);
  expect((JSON.parse(one.read("etc/asicd.jsonc")) as { name: string }).name).toBe("loft");
  await one.uci("delete", "asicd.main.nmae");
  await one.uci("commit", "asicd");

  // What needs a restart gets one, after the old one has gone.
  await one.uci("set", "asicd.log=log");
  await one.uci("set", "asicd.log.level=warn");
  await one.uci("commit", "asicd");
  await one.init("reload");
  expect(isAlive(second)).toBe(false);
  const third = await until(() => one.pid);
  expect(await answers(one)).toMatchObject({ name: "loft" });

  await one.init("stop");
  await until(() => !isAlive(third));
  await until(() => one.read("tmp/watchdog") === "procd\n");

  // As the package manager: its files go, those of the operator stay.
  await one.init("disable");
  await one.sh('rm -rf "$IPKG_INSTROOT/usr/lib/asicd" "$IPKG_INSTROOT/etc/init.d/asicd"');
  expect(existsSync(one.path("etc/rc.d/S99asicd"))).toBe(false);
  expect(one.read("etc/config/asicd")).toContain("option name 'loft'");
  expect(one.read("etc/asicd.jsonc")).toContain("loft");
}, 240_000);

test("gives up on a program that cannot run, and starts it again when something is changed", async () => {
  await using one = await router();
  await one.sh(`sed -i 's/respawn 300 5 5/respawn 300 0 2/' "$IPKG_INSTROOT/etc/init.d/asicd"`);
  await one.init("start");
  await until(() => one.pid);
  one.write("usr/lib/asicd/base/asicd.js", "process.exit(2);\n");
  process.kill(await until(() => one.pid), "SIGKILL");
  await until(() => one.log.includes("crash loop"));
  expect(one.pid).toBeUndefined();
}, 120_000);
