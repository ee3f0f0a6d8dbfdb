/** What can be said of artefacts without running them. Each answers with what is wrong. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parseKey } from "../../../src/update/release-key.ts";
import {
  checkSignature,
  PayloadCheck,
  readUpdateHeader,
  type Target,
} from "../../../src/update/update-file.ts";
import { parseSums, verifySums } from "../checksums.ts";
import { artefactName, type PackageReport } from "../make-package.ts";
import { formatManifest, MANIFEST_NAME, makeManifest, sha256Hex } from "../manifest.ts";
import { runProgram } from "../run-program.ts";

/** Every artefact is in SHA256SUMS with its hash, by our reading and by that of coreutils, and the signature is the key's. */
export function checkSums({ outdir, artefacts }: PackageReport): string[] {
  const sums = readFileSync(join(outdir, "SHA256SUMS"), "utf8");
  const signature = readFileSync(join(outdir, "SHA256SUMS.sig"), "utf8");
  const key = releaseKey(outdir);
  const problems = verifySums(sums, signature, key) ? [] : ["SHA256SUMS.sig: not by release.pub"];
  if (verifySums(`${sums} `, signature, key)) problems.push("SHA256SUMS.sig: good for anything");
  const listed = parseSums(sums);
  for (const name of artefacts.filter((name) => name.startsWith("asicd-")))
    if (listed.get(name) !== sha256Hex(readFileSync(join(outdir, name))))
      problems.push(`SHA256SUMS: ${name} is missing or has another hash`);
  return [
    ...problems,
    ...complaint(() =>
      runProgram("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: outdir }),
    ),
  ];
}

/** The update is signed, whole, and holds the very archive; and the tree is as its manifest says. */
export function checkUpdate({ outdir, version }: PackageReport, target: Target): string[] {
  const name = artefactName(version, target);
  const update = readFileSync(join(outdir, `${name}.update`));
  const archive = readFileSync(join(outdir, `${name}.tar.gz`));
  const tree = join(outdir, target, "asicd");
  return complaint(() => {
    const header = readUpdateHeader(update);
    if (header === undefined) throw new Error("its header does not end");
    checkSignature(header, [releaseKey(outdir)]);
    const payload = update.subarray(header.headerBytes);
    const check = new PayloadCheck(header.manifest);
    check.take(payload);
    check.finish();
    if (!payload.equals(archive)) throw new Error("its payload is not the archive");
    const found = formatManifest(makeManifest(tree, version, target));
    if (readFileSync(join(tree, MANIFEST_NAME), "utf8") !== found)
      throw new Error(`${tree}: is not as its manifest says`);
    const packed = runProgram("tar", ["-xOf", "-", MANIFEST_NAME], { input: gunzipSync(archive) });
    if (packed.toString() !== found) throw new Error("its archive holds another tree");
  }).map((problem) => `${name}.update: ${problem}`);
}

/** Names of artefacts that differ between two builds. */
export function findDifferences(one: PackageReport, other: PackageReport): string[] {
  const names = [...new Set([...one.artefacts, ...other.artefacts])];
  return names.filter((name) => contents(one, name) !== contents(other, name));
}

function contents({ outdir, artefacts }: PackageReport, name: string): string {
  return artefacts.includes(name) ? sha256Hex(readFileSync(join(outdir, name))) : "absent";
}

function releaseKey(outdir: string): Uint8Array {
  return parseKey(readFileSync(join(outdir, "release.pub"), "utf8"), "release.pub");
}

function complaint(action: () => unknown): string[] {
  try {
    action();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
