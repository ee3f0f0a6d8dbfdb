/** What `asicd update` says to people. */
import { printable } from "../../src/lib/bytes.ts";
import type { UpdateSummary, UpdateVersions } from "../../src/update/update-view.ts";

export function summaryText(summary: UpdateSummary): string {
  const { version, currentVersion, target, bytes, unpackedBytes, configVersion, notes } = summary;
  const lines = [
    `asicd ${version} for ${target}, in place of ${currentVersion}`,
    `  signed by a key that this machine trusts`,
    `  ${megabytes(bytes)}, unpacked ${megabytes(unpackedBytes)}`,
    `  settings of version ${configVersion}`,
    ...(notes === "" ? [] : notes.split("\n").map((line) => `  ${printable(line, 200)}`)),
  ];
  return `${lines.join("\n")}\n`;
}

export function versionsText(versions: UpdateVersions): string {
  const { current, target, state, previous, staged, returned, reason } = versions;
  const lines = [
    `runs      ${current.version} for ${target} (${current.name})${state === "trial" ? ", on trial" : ""}`,
    ...(previous === null ? [] : [`before    ${previous.version} (${previous.name})`]),
    ...(staged === null ? [] : [`staged    ${staged.version} (${staged.name}), not started`]),
    ...(returned === null
      ? []
      : [`returned  ${returned.version} did not stay: ${printable(returned.reason, 500)}`]),
    ...(returned !== null || reason === "" ? [] : [`          ${printable(reason, 500)}`]),
  ];
  return `${lines.join("\n")}\n`;
}

export function startedText(versions: UpdateVersions, restarts: boolean): string {
  return `${versionsText(versions)}${
    restarts
      ? "asicd starts again; asicd update --status tells how it goes.\n"
      : "asicd is not started again: this holds from its next start on.\n"
  }`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
