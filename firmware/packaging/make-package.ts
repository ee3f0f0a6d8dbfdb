/** All artefacts of one version, for some targets, in one folder. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Target } from "../../src/update/update-file.ts";
import { archiveFolder } from "./archive.ts";
import { buildBundles } from "./bundles.ts";
import { formatSums, signSums } from "./checksums.ts";
import { listFiles } from "./manifest.ts";
import { findNode } from "./node-binary.ts";
import type { Repository } from "./repository.ts";
import type { Say } from "./run-program.ts";
import { type Inside, makeSbom } from "./sbom.ts";
import type { SigningKey } from "./signing-key.ts";
import { makeSingleFile } from "./single-file.ts";
import { buildTree } from "./tree.ts";
import { makeUpdate } from "./update-artefact.ts";

export interface PackageOptions {
  readonly repository: Repository;
  readonly wanted: readonly Target[];
  readonly outdir: string;
  readonly key: SigningKey;
  /** "npm" or the path of a Node binary. */
  readonly nodeOf: (target: Target) => string;
  readonly say: Say;
}

export interface PackageReport {
  readonly version: string;
  readonly outdir: string;
  readonly isThrowAwayKey: boolean;
  readonly targets: readonly TargetReport[];
  /** Files for people to fetch: those named in SHA256SUMS, it and its signature. */
  readonly artefacts: readonly string[];
}

export interface TargetReport {
  readonly target: Target;
  readonly nodeVersion: string;
  readonly treeFiles: number;
  readonly treeBytes: number;
  readonly archiveBytes: number;
  readonly updateBytes: number;
  readonly executableBytes: number;
}

/** Throws Error or UpdateError with what failed. */
export async function makePackage(options: PackageOptions): Promise<PackageReport> {
  const { repository, wanted, key, nodeOf, say } = options;
  const outdir = resolve(options.outdir);
  const work = mkdtempSync(join(tmpdir(), "asicd-package-"));
  try {
    say("bundling");
    const bundles = await buildBundles(repository, work);
    const reports: TargetReport[] = [];
    const inside: Inside[] = [];
    for (const target of wanted) {
      const node = findNode(target, nodeOf(target), say);
      say(`${target}: tree`);
      const tree = await buildTree({
        target,
        outdir: join(outdir, target, "asicd"),
        say,
        repository,
        bundles,
        releaseKey: key.publicText,
        ...(node.headers === undefined ? {} : { headers: node.headers }),
      });
      const name = join(outdir, artefactName(repository.version, target));
      const archive = archiveFolder(tree.folder, repository.unixSeconds);
      writeFileSync(`${name}.tar.gz`, archive);
      const update = makeUpdate(tree, archive, key.secretKey);
      writeFileSync(`${name}.update`, update);
      say(`${target}: executable with Node ${node.version}`);
      await makeSingleFile(repository, tree, node, name, say);
      inside.push({ tree, node });
      reports.push({
        target,
        nodeVersion: node.version,
        ...treeSize(tree.folder),
        archiveBytes: archive.length,
        updateBytes: update.length,
        executableBytes: statSync(name).size,
      });
    }
    const sbomName = `asicd-${repository.version}.cdx.json`;
    const sbom = makeSbom(repository, inside);
    writeFileSync(join(outdir, sbomName), `${JSON.stringify(sbom, null, 2)}\n`);
    writeFileSync(join(outdir, "release.pub"), key.publicText);
    const artefacts = [
      ...wanted.flatMap((target) => {
        const name = artefactName(repository.version, target);
        return [name, `${name}.tar.gz`, `${name}.update`];
      }),
      sbomName,
    ];
    writeSums(outdir, artefacts, key);
    return {
      version: repository.version,
      outdir,
      isThrowAwayKey: key.isThrowAway,
      targets: reports,
      artefacts: [...artefacts, "SHA256SUMS", "SHA256SUMS.sig", "release.pub"],
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The executable's; archive and update add an ending. */
export function artefactName(version: string, target: Target): string {
  return `asicd-${version}-linux-${target}`;
}

function writeSums(outdir: string, artefacts: readonly string[], key: SigningKey): void {
  mkdirSync(outdir, { recursive: true });
  const sums = formatSums(
    artefacts.map((name) => ({ name, bytes: readFileSync(join(outdir, name)) })),
  );
  writeFileSync(join(outdir, "SHA256SUMS"), sums);
  writeFileSync(join(outdir, "SHA256SUMS.sig"), signSums(sums, key.secretKey));
}

function treeSize(folder: string): { treeFiles: number; treeBytes: number } {
  const sizes = listFiles(folder).map((path) => statSync(join(folder, path)).size);
  return { treeFiles: sizes.length, treeBytes: sizes.reduce((sum, bytes) => sum + bytes, 0) };
}
