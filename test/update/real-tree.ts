/** The built programs and the built page as a version of any number, so that one build can be updated to the next. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formatKey, publicKeyOf } from "../../src/update/release-key.ts";
import { type Files, manifestOf, SECRET_KEY, sha256 } from "./scratch-machine.ts";

const PROGRAMS = ["asicd.js", "guard.js", "miner.js", "operator.js", "handshake-thread.js"];

/** `dist`: where the build is; the repository is the working directory. */
export function realTree(dist: string, version: string): Files {
  const { version: built } = JSON.parse(readFileSync("package.json", "utf8")) as {
    version: string;
  };
  const ofVersion = (name: string) =>
    readFileSync(join(dist, name), "utf8").replaceAll(`"${built}"`, `"${version}"`);
  const files: Record<string, Uint8Array | string> = {
    "package.json": '{"type":"module"}',
    "release.pub": formatKey(publicKeyOf(SECRET_KEY), "tests"),
  };
  for (const name of PROGRAMS) files[name] = ofVersion(name);
  const page = readdirSync(join(dist, "ui"));
  let index = ofVersion("ui/index.html");
  for (const name of page.filter((one) => one !== "index.html")) {
    if (!name.endsWith(".js")) {
      files[`ui/${name}`] = readFileSync(join(dist, "ui", name));
      continue;
    }
    // Its name stands for its content: a browser that has it does not ask again.
    const script = ofVersion(`ui/${name}`);
    const renamed = `app-${sha256(new TextEncoder().encode(script)).slice(0, 8)}.js`;
    files[`ui/${renamed}`] = script;
    index = index.replaceAll(name, renamed);
  }
  files["ui/index.html"] = index;
  return { ...files, "manifest.json": manifestOf(version, files) };
}
