/** The Node that goes into an executable: npm's, or one that the packager has. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Target } from "../../src/update/update-file.ts";
import { foreignCommand } from "./foreign-command.ts";
import { fetchPackage } from "./npm-package.ts";
import { runProgram, type Say } from "./run-program.ts";
import { NODE_MODULE_VERSION, targets } from "./targets.ts";

export interface NodeBinary {
  readonly path: string;
  /** "20.20.2" */
  readonly version: string;
  /** Its include/node, where that lies beside it. */
  readonly headers: string | undefined;
  readonly licenseText: string | undefined;
}

/** `given` is a path or "npm". Throws Error for what is no Node for `target`, or none that can hold a program. */
export function findNode(target: Target, given: string, say: Say): NodeBinary {
  const facts = targets[target];
  const prefix = given === "npm" ? fetchPackage(facts.node, say) : dirname(dirname(given));
  const path = given === "npm" ? join(prefix, "bin/node") : given;
  if (!statSync(path, { throwIfNoEntry: false })?.isFile())
    throw new Error(`--node ${target}=${given}: no such file; "npm" or the path of a Node binary`);
  const print =
    "process.stdout.write([process.versions.node,process.arch,process.versions.modules].join())";
  const [command = path, ...args] = [...foreignCommand(target, say), path, "-e", print];
  const [version = "", arch, modules] = runProgram(command, args).toString().split(",");
  if (arch !== facts.nodeArch)
    throw new Error(`--node ${target}=${path}: is for ${arch}; ${facts.nodeArch} is needed`);
  const include = join(prefix, "include/node");
  const headers = existsSync(join(include, "node_version.h")) ? include : undefined;
  if (modules !== NODE_MODULE_VERSION && headers === undefined)
    throw new Error(
      `--node ${target}=${path}: add-ons for Node ${version} need its headers, in include/node beside bin/node`,
    );
  const license = join(prefix, "LICENSE");
  return {
    path,
    version,
    headers,
    licenseText: existsSync(license) ? readFileSync(license, "utf8") : undefined,
  };
}
