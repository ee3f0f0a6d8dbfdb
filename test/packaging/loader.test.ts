/** What a single-file executable does before the program in it runs: real files, as they would lie on a machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkTree } from "../../firmware/packaging/loader/check-tree.ts";
import { chooseFolder, folderName } from "../../firmware/packaging/loader/choose-folder.ts";
import { withFlags } from "../../firmware/packaging/loader/node-flags.ts";
import { packPayload, readPayload } from "../../firmware/packaging/loader/payload.ts";
import { markInUse, pruneCache } from "../../firmware/packaging/loader/prune.ts";
import { unpackInto } from "../../firmware/packaging/loader/unpack.ts";
import { sha256Hex } from "../../firmware/packaging/manifest.ts";

const contents: Readonly<Record<string, Uint8Array>> = {
  "asicd.js": Buffer.from("console.log('asicd')\n"),
  "node_modules/add-on/build/Release/add-on.node": new Uint8Array(100_000).fill(7),
  "ui/empty.css": new Uint8Array(0),
};
const manifest = Buffer.from(
  JSON.stringify({
    files: Object.fromEntries(
      Object.entries(contents).map(([path, bytes]) => [path, sha256Hex(bytes)]),
    ),
  }),
);
const treeSha256 = sha256Hex(manifest);
const packed = packPayload(
  Object.entries({ ...contents, "manifest.json": manifest }).map(([path, bytes]) => ({
    path,
    mode: path === "asicd.js" ? 0o755 : 0o644,
    bytes,
  })),
);

const isRoot = process.geteuid?.() === 0;
/** Root is given no tree below the folder of temporary files; what is root's is good for everybody. */
const somebody = isRoot ? 12_345 : (process.geteuid?.() ?? 0);

let work: string;
let executable: string;
let folder: string;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "asicd-loader-test-"));
  executable = join(work, "asicd");
  writeFileSync(executable, "this would be Node");
  appendFileSync(executable, packed);
  folder = join(work, "cache", folderName("1.2.3", treeSha256));
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

describe("the payload", () => {
  test("is found behind whatever the executable is", () => {
    const files = readPayload(executable);
    expect(files.map(({ path }) => path)).toEqual([...Object.keys(contents), "manifest.json"]);
    for (const { path, bytes } of files.slice(0, 3))
      expect(Buffer.from(bytes)).toEqual(Buffer.from(contents[path] ?? []));
  });

  test("that was cut short is named as such", () => {
    writeFileSync(executable, readFileSync(executable).subarray(0, -1));
    expect(() => readPayload(executable)).toThrow(/asicd: holds no whole asicd/);
    writeFileSync(executable, packed.subarray(100));
    expect(() => readPayload(executable)).toThrow(/cut short or stripped/);
  });
});

describe("unpacking", () => {
  test("makes a tree that passes, whatever the umask, and leaves nothing else", () => {
    const umask = process.umask(0o077);
    try {
      unpackInto(folder, executable);
    } finally {
      process.umask(umask);
    }
    expect(checkTree(folder, treeSha256, somebody)).toBeUndefined();
    expect(statSync(join(folder, "asicd.js")).mode & 0o777).toBe(0o755);
    expect(statSync(join(folder, "node_modules/add-on")).mode & 0o777).toBe(0o755);
    expect(readdirSync(join(work, "cache"))).toEqual([folderName("1.2.3", treeSha256)]);
  });

  test.runIf(isRoot)(
    "by root with a strict umask leaves the way open to other accounts, and what was there as it was",
    () => {
      const made = join(work, "var", "cache");
      mkdirSync(join(work, "var"), { mode: 0o711 });
      const umask = process.umask(0o077);
      try {
        unpackInto(join(made, "asicd", "tree"), executable);
      } finally {
        process.umask(umask);
      }
      const mode = (path: string) => statSync(path).mode & 0o777;
      expect([join(made, "asicd"), made, join(work, "var"), work].map(mode)).toEqual([
        0o755, 0o755, 0o711, 0o700,
      ]);
    },
  );

  test("twice, as two processes that start at once do, leaves one whole tree", () => {
    unpackInto(folder, executable);
    unpackInto(folder, executable);
    expect(checkTree(folder, treeSha256, somebody)).toBeUndefined();
    expect(readdirSync(join(work, "cache"))).toHaveLength(1);
  });

  test("where nothing can be written says what to do", () => {
    writeFileSync(join(work, "cache"), "a file, not a folder");
    expect(() => unpackInto(folder, executable)).toThrow(
      /set ASICD_CACHE_DIR to a folder that can be written/,
    );
  });
});

describe("an unpacked tree", () => {
  beforeEach(() => unpackInto(folder, executable));
  const problem = (uid = somebody) => checkTree(folder, treeSha256, uid);

  test("that is not there is unpacked first", () => {
    rmSync(folder, { recursive: true });
    expect(problem()).toMatchObject({ kind: "absent" });
  });

  test("that is not there, nor its folder, is told apart: whose that will be nobody knows", () => {
    rmSync(join(work, "cache"), { recursive: true });
    expect(problem()).toMatchObject({ kind: "nowhere" });
  });

  test("with a changed, missing, additional or renamed file is damaged", () => {
    const file = join(folder, "asicd.js");
    writeFileSync(file, "console.log('someone else')\n");
    expect(problem()).toMatchObject({ kind: "damaged", text: `${file}: is not as it was packed` });
    writeFileSync(file, contents["asicd.js"] ?? "");
    expect(problem()).toBeUndefined();

    renameSync(file, `${file}.old`);
    expect(problem()).toMatchObject({ kind: "damaged", text: `${file}: is missing` });
    renameSync(`${file}.old`, file);

    mkdirSync(join(folder, "node_modules/bufferutil"));
    writeFileSync(join(folder, "node_modules/bufferutil/index.js"), "");
    expect(problem()?.text).toMatch(/bufferutil\/index.js: was not packed$/);
  });

  test("with another manifest is damaged, even when all files agree with that one", () => {
    const path = join(folder, "manifest.json");
    const files = { ...JSON.parse(manifest.toString()).files };
    const changed = Buffer.from("console.log('someone else')\n");
    writeFileSync(join(folder, "asicd.js"), changed);
    writeFileSync(path, JSON.stringify({ files: { ...files, "asicd.js": sha256Hex(changed) } }));
    expect(problem()).toMatchObject({ kind: "damaged", text: `${path}: is not as it was packed` });
  });

  test.each([
    ["its folder", () => folder],
    ["a folder inside", () => join(folder, "node_modules")],
    ["a file", () => join(folder, "ui/empty.css")],
  ])("is refused when group or others may write to %s", (_name, path) => {
    const before = statSync(path()).mode & 0o777;
    for (const more of [0o020, 0o002]) {
      chmodSync(path(), before | more);
      expect(problem()).toMatchObject({
        kind: "unsafe",
        text: expect.stringContaining("ASICD_CACHE_DIR"),
      });
    }
    chmodSync(path(), before);
    expect(problem()).toBeUndefined();
  });

  test("is refused when it hangs in a folder that group or others may write to, unless that one is sticky", () => {
    for (const mode of [0o777, 0o757, 0o775]) {
      chmodSync(join(work, "cache"), mode);
      expect(problem()?.text).toMatch(/cache: can be written by others, who could replace/);
    }
    chmodSync(join(work, "cache"), 0o1777);
    expect(problem()).toBeUndefined();
  });

  test("is refused when Node would find modules of others in a folder above", () => {
    const modules = join(work, "node_modules");
    mkdirSync(modules, { mode: 0o755 });
    expect(problem()).toBeUndefined();
    chmodSync(modules, 0o1777);
    expect(problem()).toMatchObject({ kind: "unsafe", text: expect.stringContaining(modules) });
    chmodSync(modules, 0o755);
    expect(problem()).toBeUndefined();
  });

  test.runIf(isRoot)(
    "is refused when another user put node_modules above it, or a link to one",
    () => {
      const modules = join(work, "node_modules");
      mkdirSync(modules, { mode: 0o755 });
      chownSync(modules, 12_346, 12_346);
      expect(problem()?.text).toMatch(/node_modules: belongs to user 12346, and Node would find/);
      renameSync(modules, join(work, "theirs"));
      symlinkSync("theirs", modules);
      expect(problem()?.text).toMatch(/node_modules: belongs to user 12346/);
    },
  );

  test.runIf(isRoot)(
    "of root is refused below a sticky folder, too, and not where it lies by default",
    () => {
      chmodSync(join(work, "cache"), 0o1777);
      expect(problem(0)?.text).toMatch(/cache: can be written by others, who could replace or add/);
      const system = mkdtempSync("/var/cache/asicd-loader-test-");
      try {
        const other = join(system, folderName("1.2.3", treeSha256));
        unpackInto(other, executable);
        expect(checkTree(other, treeSha256, 0)).toBeUndefined();
      } finally {
        rmSync(system, { recursive: true });
      }
    },
  );

  test("is refused when a symbolic link is in it", () => {
    rmSync(join(folder, "ui/empty.css"));
    symlinkSync("/dev/null", join(folder, "ui/empty.css"));
    expect(problem()).toMatchObject({
      kind: "unsafe",
      text: expect.stringContaining("symbolic link"),
    });
  });

  test("is refused when it is another user's", () => {
    // Root's files are good for everybody; those of anybody else only for their owner.
    if (isRoot) chownSync(join(folder, "asicd.js"), 12_346, 12_346);
    const other = isRoot ? somebody : somebody + 1;
    expect(problem(other)).toMatchObject({
      kind: "unsafe",
      text: expect.stringContaining("belongs to user"),
    });
  });
});

describe("the folder", () => {
  const surroundings = {
    environment: {} as Record<string, string>,
    isRoot: false,
    homedir: () => "/home/ada",
    exists: () => false,
  };

  test("is named after the content", () => {
    expect(folderName("1.2.3", treeSha256)).toBe(`asicd-1.2.3-${treeSha256.slice(0, 16)}`);
  });

  test("is the one asked for, else the system's for root, else the user's", () => {
    const asked = { environment: { ASICD_CACHE_DIR: "/data", XDG_CACHE_HOME: "/xdg" } };
    expect(chooseFolder("n", { ...surroundings, ...asked, isRoot: true })).toBe("/data/n");
    expect(chooseFolder("n", { ...surroundings, isRoot: true })).toBe("/var/cache/asicd/n");
    expect(chooseFolder("n", { ...surroundings, environment: { XDG_CACHE_HOME: "/xdg" } })).toBe(
      "/xdg/asicd/n",
    );
    expect(chooseFolder("n", surroundings)).toBe("/home/ada/.cache/asicd/n");
  });

  test("of the system serves everybody once root has unpacked there", () => {
    const exists = (path: string) => path === "/var/cache/asicd/n";
    expect(chooseFolder("n", { ...surroundings, exists })).toBe("/var/cache/asicd/n");
  });
});

describe("flags for a child", () => {
  test("that NODE_OPTIONS takes go there, after those of the operator", () => {
    const environment = withFlags({ NODE_OPTIONS: "--no-warnings", A: "b" }, [
      "--max-semi-space-size=2",
    ]);
    expect(environment).toMatchObject({
      A: "b",
      NODE_OPTIONS: "--no-warnings --max-semi-space-size=2",
    });
    expect(JSON.parse(environment["ASICD_FORK_FLAGS"] ?? "")).toEqual({
      flags: ["--max-semi-space-size=2"],
      nodeOptions: "--no-warnings",
    });
  });

  test("that NODE_OPTIONS would refuse, ending the child, are left to V8", () => {
    const environment = withFlags({}, ["--optimize-for-size"]);
    expect(environment["NODE_OPTIONS"]).toBe("");
    expect(environment["ASICD_FORK_FLAGS"]).toContain("--optimize-for-size");
  });

  test("that are none change nothing", () => {
    const environment = { A: "b" };
    expect(withFlags(environment, [])).toBe(environment);
  });
});

describe("what lies in the cache and nobody uses any more", () => {
  const OWN = folderName("2.0.0", "a".repeat(64));
  const OTHERS = ["1.0.0", "1.1.0", "1.2.0-rc.1"].map((version, at) =>
    folderName(version, `${at}`.repeat(64)),
  );
  const DAY_S = 86_400;
  let cache: string;
  beforeEach(() => {
    cache = join(work, "cache");
    mkdirSync(cache);
  });

  /** A folder with something in it, last used so long ago. */
  function put(name: string, days: number): void {
    mkdirSync(join(cache, name, "ui"), { recursive: true });
    writeFileSync(join(cache, name, "asicd.js"), "setInterval(() => {}, 1000);");
    age(name, days);
  }
  function age(name: string, days: number): void {
    const seconds = Date.now() / 1_000 - days * DAY_S;
    utimesSync(join(cache, name), seconds, seconds);
  }
  const left = () => readdirSync(cache).sort();

  test("is removed after 30 days without a start; younger versions and the own one stay", () => {
    for (const [at, name] of OTHERS.entries()) put(name, [31, 29, 400][at] ?? 0);
    put(OWN, 400);
    pruneCache(cache, OWN);
    expect(left()).toEqual([OTHERS[1], OWN].sort());
  });

  test("stays when it was started again, however old it is", () => {
    // Of a name that no other test has: this process has it open from now on.
    const name = folderName("3.0.0", "b".repeat(64));
    put(name, 400);
    markInUse(join(cache, name));
    expect(Date.now() - statSync(join(cache, name)).mtimeMs).toBeLessThan(60_000);
    pruneCache(cache, OWN);
    expect(left()).toEqual([name]);
  });

  test("stays while a process of it lives that was started longer ago", async () => {
    const [opened = "", named = ""] = OTHERS;
    for (const name of OTHERS) put(name, 400);
    const source = readFileSync("firmware/packaging/loader/prune.ts", "utf8");
    const { code } = transformSync(source, { loader: "ts", format: "esm" });
    const program = join(work, "program.mjs");
    writeFileSync(
      program,
      `${code}markInUse(process.env.TREE); console.log("open"); setInterval(() => {}, 1000);`,
    );
    const one = spawn(process.execPath, [program], {
      env: { ...process.env, TREE: join(cache, opened) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const other = spawn(process.execPath, [join(cache, named, "asicd.js")], { stdio: "ignore" });
    try {
      await Promise.all([once(one.stdout, "data"), once(other, "spawn")]);
      for (const name of OTHERS) age(name, 400);
      pruneCache(cache, OWN);
      expect(left()).toEqual([opened, named].sort());
    } finally {
      for (const child of [one, other]) child.kill("SIGKILL");
      await Promise.all([one, other].map((child) => once(child, "exit")));
    }
    pruneCache(cache, OWN);
    expect(left()).toEqual([]);
  });

  test("is what is left of an unpacking that was cut off, but not one that goes on", () => {
    put(".new-abc123", 2);
    put(".new-abc123-old", 2);
    put(".new-xyz789", 0.5);
    pruneCache(cache, OWN);
    expect(left()).toEqual([".new-xyz789"]);
  });

  test("is not what others keep there, nor what a link leads to", () => {
    const elsewhere = join(work, "elsewhere");
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, join(cache, OTHERS[0] ?? ""));
    for (const name of ["asicd-1.0.0", "asicd.jsonc", "npm", ".new-abc", "asicd-x-12345"])
      put(name, 400);
    writeFileSync(join(cache, OTHERS[1] ?? ""), "a file");
    const before = left();
    pruneCache(cache, OWN);
    expect(left()).toEqual(before);
  });

  test("is removed a few at a time, and not at all where no process can be seen", () => {
    for (let at = 0; at < 10; at++) put(folderName(`0.${at}.0`, `${at}`.repeat(64)), 100);
    pruneCache(cache, OWN, join(work, "nowhere"));
    mkdirSync(join(work, "empty"));
    pruneCache(cache, OWN, join(work, "empty"));
    expect(left()).toHaveLength(10);
    for (const count of [6, 2, 0]) {
      pruneCache(cache, OWN);
      expect(left()).toHaveLength(count);
    }
  });

  test("is no reason not to start", () => {
    expect(() => pruneCache(join(work, "nowhere"), OWN)).not.toThrow();
    expect(() => markInUse(join(work, "nowhere"))).not.toThrow();
  });
});
