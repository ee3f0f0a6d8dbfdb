/** `npm run package`: artefacts that machines without npm can run, for each target. */
import { makePackage, type PackageReport } from "./make-package.ts";
import { optionLines, parsePackagingOptions } from "./options.ts";
import { findRepository } from "./repository.ts";
import { loadSigningKey } from "./signing-key.ts";

const HELP = `Usage: npm run package -- [options]

Makes for linux on x64, arm64 and armv7, under dist/package/:
  TARGET/asicd/                       the tree: programs, page, scenarios, native add-ons, manifest
  asicd-VERSION-linux-TARGET.tar.gz   the tree, packed
  asicd-VERSION-linux-TARGET          one executable with everything and Node
  asicd-VERSION-linux-TARGET.update   what "asicd update" takes
  asicd-VERSION.cdx.json              what is inside of them: CycloneDX
  SHA256SUMS, SHA256SUMS.sig, release.pub

${optionLines}
  --out DIR                  there instead
`;

const say = (text: string) => void process.stderr.write(`${text}\n`);

try {
  const options = parsePackagingOptions(process.argv.slice(2), "dist/package");
  if (options.help) process.stdout.write(HELP);
  else {
    const report = await makePackage({
      repository: findRepository(say),
      wanted: options.wanted,
      outdir: options.out,
      key: loadSigningKey(options.signKey, say),
      nodeOf: options.nodeOf,
      say,
    });
    process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : tableOf(report));
  }
} catch (error) {
  process.stderr.write(`package: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

function tableOf({ targets, outdir, artefacts }: PackageReport): string {
  const head = ["target", "Node", "files", "tree", "tar.gz", "update", "executable"];
  const rows = targets.map((report) => [
    report.target,
    report.nodeVersion,
    `${report.treeFiles}`,
    megabytes(report.treeBytes),
    megabytes(report.archiveBytes),
    megabytes(report.updateBytes),
    megabytes(report.executableBytes),
  ]);
  const lines = [head, ...rows].map((row) =>
    row
      .map((cell) => cell.padEnd(11))
      .join("")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n\nin ${outdir}:\n${artefacts.map((name) => `  ${name}\n`).join("")}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
