/** What is inside, as CycloneDX 1.6: https://cyclonedx.org/docs/1.6/json/ */
import { createHash } from "node:crypto";
import type { Target } from "../../src/update/update-file.ts";
import type { NodeBinary } from "./node-binary.ts";
import type { LockedPackage, Repository } from "./repository.ts";
import { targets } from "./targets.ts";
import type { Tree } from "./tree.ts";

export interface Sbom {
  readonly serialNumber: string;
  readonly components: readonly Component[];
  readonly [field: string]: unknown;
}

export interface Component {
  readonly type: "library" | "platform" | "application";
  readonly "bom-ref": string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly licenses: readonly unknown[];
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

export interface Inside {
  readonly tree: Pick<Tree, "target" | "packages">;
  readonly node: Pick<NodeBinary, "version">;
}

/** Runtime packages of all targets, and the Node that is in the executables. Throws Error for what the lock file does not have. */
export function makeSbom(repository: Repository, inside: readonly Inside[]): Sbom {
  const components = [...packages(repository, inside), ...inside.map(nodeComponent)];
  const ref = `pkg:npm/asicd@${repository.version}`;
  const metadata = {
    timestamp: new Date(repository.unixSeconds * 1_000).toISOString(),
    component: {
      type: "application",
      "bom-ref": ref,
      name: "asicd",
      version: repository.version,
      licenses: licenses(repository.license),
      purl: ref,
    },
  };
  const dependsOn = components.map((component) => component["bom-ref"]);
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify([metadata, components]))}`,
    version: 1,
    metadata,
    components,
    dependencies: [{ ref, dependsOn }],
  };
}

function packages(repository: Repository, inside: readonly Inside[]): Component[] {
  const targetsOf = new Map<string, Target[]>();
  for (const { tree } of inside)
    for (const key of tree.packages)
      targetsOf.set(key, [...(targetsOf.get(key) ?? []), tree.target]);
  const byPurl = new Map<string, Component>();
  for (const key of [...targetsOf.keys()].sort()) {
    const locked = repository.lock.packages[key];
    if (locked === undefined) throw new Error(`package-lock.json: no ${key}, which is inside`);
    const component = libraryOf(key, locked, targetsOf.get(key) ?? []);
    // One version may lie at two places.
    if (!byPurl.has(component.purl)) byPurl.set(component.purl, component);
  }
  return [...byPurl.values()];
}

function libraryOf(key: string, locked: LockedPackage, inTargets: readonly Target[]): Component {
  const fullName = key.slice(key.lastIndexOf("node_modules/") + "node_modules/".length);
  const [group, name] = fullName.startsWith("@") ? fullName.split("/") : [undefined, fullName];
  const purl = npmPurl(fullName, locked.version);
  return {
    type: "library",
    "bom-ref": purl,
    ...(group === undefined ? {} : { group }),
    name: name ?? fullName,
    version: locked.version,
    licenses: locked.license === undefined ? [] : licenses(locked.license),
    purl,
    hashes: locked.integrity === undefined ? [] : [npmHash(locked.integrity)],
    properties: inTargets.map((target) => ({ name: "asicd:target", value: target })),
  };
}

/** Of the single-file executables only. */
function nodeComponent({ tree: { target }, node: { version } }: Inside): Component {
  const { node, nodeArch } = targets[target];
  const isFromNpm = version === node.nodeVersion;
  const purl = isFromNpm
    ? npmPurl(node.name, node.version)
    : `pkg:generic/nodejs@${version}?arch=${nodeArch}&os=linux`;
  return {
    type: "platform",
    "bom-ref": purl,
    name: "nodejs",
    version,
    licenses: licenses("MIT"),
    purl,
    ...(isFromNpm ? { hashes: [npmHash(node.integrity)] } : {}),
    properties: [{ name: "asicd:target", value: target }],
  };
}

function npmPurl(name: string, version: string): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

/** An SPDX id, or an expression of several. */
function licenses(spdx: string): readonly unknown[] {
  return spdx.includes(" ") ? [{ expression: spdx }] : [{ license: { id: spdx } }];
}

/** npm's "sha512-base64", of the package as it was published. */
function npmHash(integrity: string): { alg: string; content: string } {
  const [, base64 = ""] = /^sha512-(.+)$/.exec(integrity) ?? [];
  return { alg: "SHA-512", content: Buffer.from(base64, "base64").toString("hex") };
}

/** Version 8 (RFC 9562 §5.8): of the content, so that two builds agree. */
function uuidOf(text: string): string {
  const hex = [...createHash("sha256").update(text).digest("hex").slice(0, 32)];
  hex[12] = "8";
  hex[16] = "8";
  return hex.join("").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
