/** Programs of another machine, run here by QEMU's user mode with the C library of Debian's cross compilers. */
import type { Target } from "../../src/update/update-file.ts";
import { ensurePrograms, runProgram, type Say } from "./run-program.ts";
import { isNative, type TargetFacts, targets } from "./targets.ts";

/** What to put before a program for `target`; nothing where this machine runs it. Installs QEMU when it is missing. */
export function foreignCommand(target: Target, say: Say): string[] {
  if (isNative(target)) return [];
  const facts = targets[target];
  ensureQemu(facts, say);
  return [facts.qemu, "-L", libraryRoot(facts)];
}

/** How to begin a namespace in which programs of `target` run. */
export interface ForeignFamily {
  /** More options for `unshare --user --map-root-user`. */
  readonly namespaces: readonly string[];
  /** Shell commands, to be run in it first. */
  readonly setup: readonly string[];
  readonly environment: Record<string, string>;
}

/**
 * For a program that starts itself again, which QEMU's user mode leaves to the kernel: a registration of binfmt_misc that
 * only one user namespace sees. Needs Linux 6.7, and the right to make such a namespace.
 */
export function foreignFamily(target: Target, say: Say): ForeignFamily {
  if (isNative(target)) return { namespaces: [], setup: [], environment: {} };
  const facts = targets[target];
  ensureQemu(facts, say);
  const qemu = runProgram("which", [facts.qemu]).toString().trim();
  const entry = `:${facts.qemu}:M::${elfPattern(facts)}:${qemu}:`;
  return {
    namespaces: ["--mount"],
    setup: [
      "mount -t binfmt_misc none /proc/sys/fs/binfmt_misc",
      // printf would take the pattern's backslashes for its own in a format, and echo might.
      `printf %s '${entry}' > /proc/sys/fs/binfmt_misc/register`,
    ],
    environment: { QEMU_LD_PREFIX: libraryRoot(facts) },
  };
}

function ensureQemu(facts: TargetFacts, say: Say): void {
  ensurePrograms(
    [
      { program: facts.qemu, debianPackage: "qemu-user-static" },
      // Brings libc and libstdc++ of the target with it.
      { program: `${facts.toolPrefix}g++`, debianPackage: facts.compilerPackage },
    ],
    say,
  );
}

/** e.g. /usr/arm-linux-gnueabihf */
function libraryRoot({ toolPrefix }: TargetFacts): string {
  return `/usr/${toolPrefix.slice(0, -1)}`;
}

/** Magic and mask of an executable's first 20 bytes: class, byte order, type and machine; as binfmt_misc wants them. */
function elfPattern({ nodeArch }: TargetFacts): string {
  // ELF specification: EI_CLASS 1 is 32 bits; e_machine 40 is ARM, 62 x86-64, 183 AArch64.
  const [bits, machine] = { arm: [1, 40], arm64: [2, 183], x64: [2, 62] }[nodeArch] as [
    number,
    number,
  ];
  const magic = [0x7f, 0x45, 0x4c, 0x46, bits, 1, 1, ...Array(9).fill(0), 2, 0, machine, 0];
  const mask = [...Array(7).fill(0xff), 0, ...Array(8).fill(0xff), 0xfe, 0xff, 0xff, 0xff];
  return [magic, mask].map(escaped).join(":");
}

function escaped(bytes: readonly number[]): string {
  return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}
