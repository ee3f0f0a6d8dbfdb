// `asicd run --config FILE` without hardware: the settings of FILE on a simulated machine. Its socket is linked to where the
// file says that it is, since a simulation keeps its own in a folder of its own.
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const words = process.argv.slice(2);
const program = words.find((word) => word.endsWith("asicd.js"));
const { name, paused, api, paths } = JSON.parse(
  readFileSync(words[words.indexOf("--config") + 1], "utf8"),
);
const settings = Object.entries({ name, paused }).filter(([, value]) => value !== undefined);
process.argv = [
  process.execPath,
  program,
  ...["simulate", "--chip", "BM1370", "--chips", "2", "--chains", "1", "--workers", "1"],
  ...["--page", api?.listen?.[0] ?? "off", "--state-dir", paths.stateDir],
  ...settings.flatMap(([key, value]) => ["--set", `${key}=${JSON.stringify(value)}`]),
];

const socket = join(paths.runtimeDir, "operator.sock");
mkdirSync(paths.runtimeDir, { recursive: true });
rmSync(socket, { force: true });
const before = readdirSync(tmpdir());
const searching = setInterval(() => {
  const folder = readdirSync(tmpdir()).find(
    (entry) =>
      entry.startsWith("asicd-") &&
      !before.includes(entry) &&
      readdirSync(join(tmpdir(), entry)).includes("operator.sock"),
  );
  if (folder === undefined) return;
  symlinkSync(join(tmpdir(), folder, "operator.sock"), socket);
  clearInterval(searching);
}, 100);
searching.unref();

await import(pathToFileURL(program).href);
