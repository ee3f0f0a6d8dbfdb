/** All shell of the package and of its harness through shellcheck, and parsed by the shell that runs it. */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hasBusybox, hasShellcheck } from "./needs.ts";

const FOLDERS = ["openwrt/asicd", "openwrt/asicd/files", "openwrt/image", "test/openwrt/harness"];

/** By what they begin with: the shebang, or the line that tells shellcheck which shell sources them. */
const scripts = FOLDERS.flatMap((folder) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => join(folder, name))
    .filter((file) => /^(#!\/bin\/sh|# shellcheck shell)/.test(readFileSync(file, "utf8"))),
);

describe("the shell of the package", () => {
  test("is all of it looked at", () => {
    const names = scripts.map((file) => file.replace(/^.*\//, ""));
    expect(names).toEqual(
      expect.arrayContaining(["asicd.init", "asicd.defaults", "openwrt.sh", "install.sh", "uci"]),
    );
  });

  test.skipIf(!hasBusybox)("is what busybox's ash can read (apt-get install busybox)", () => {
    for (const file of scripts) execFileSync("busybox", ["ash", "-n", file]);
  });

  // SC1091: files of the target. SC2154: what asicd_load sets.
  test.skipIf(!hasShellcheck)(
    "has nothing that shellcheck minds (apt-get install shellcheck)",
    () => {
      const options = ["--shell=dash", "--exclude=SC1091,SC2154", "--format=gcc"];
      const { stdout } = spawnSync("shellcheck", [...options, ...scripts], { encoding: "utf8" });
      expect(stdout).toBe("");
    },
  );
});
