/** The system's Chromium, driven; where there is none, how to get it. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Rejects with Error that says what to do by hand. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = find() ?? install();
  // Its sandbox needs rights that containers of build servers do not give, and it loads nothing but our own page.
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}

function find(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
}

function install(): string {
  if (process.env["CI"] === undefined)
    throw new Error("there is no Chromium on the PATH; on Debian: apt-get install chromium");
  const [command = "", ...prefix] =
    process.getuid?.() === 0 ? ["apt-get"] : ["sudo", "-n", "apt-get"];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  spawnSync(command, [...prefix, "update", "-q"], { stdio: "ignore", env });
  spawnSync(command, [...prefix, "install", "-y", "-q", "chromium"], { stdio: "ignore", env });
  const found = find();
  if (found === undefined) throw new Error("apt-get install chromium failed");
  return found;
}
