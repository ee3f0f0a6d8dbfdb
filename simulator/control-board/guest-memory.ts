/** What asicd takes of the guest's memory, as the guest's kernel counts it. */
import type { VirtualBoard } from "./virtual-board.ts";

export interface ProcessMemory {
  readonly program: string;
  readonly pid: number;
  /** Proportional set size: shared pages divided by those who share them. */
  readonly pssMB: number;
  /** Of it: heaps and stacks; the rest is program text and other files. */
  readonly anonymousMB: number;
}

/** One line for each process that runs something of asicd's tree. */
const ASK = [
  "for folder in /proc/[0-9]*; do",
  "words=$(tr '\\0' ' ' < $folder/cmdline 2>/dev/null);",
  'case "$words" in *"/usr/lib/asicd/"*".js"*) ;; *) continue ;; esac;',
  "pss=$(sed -n 's/^Pss: *\\([0-9]*\\) kB/\\1/p' $folder/smaps_rollup);",
  "anon=$(sed -n 's/^Pss_Anon: *\\([0-9]*\\) kB/\\1/p' $folder/smaps_rollup);",
  'echo "memory ' + "$" + '{folder#/proc/} $pss $anon $words";',
  "done",
].join(" ");

/** Rejects when nothing of asicd runs. */
export async function memoryInGuest(
  board: Pick<VirtualBoard, "run">,
): Promise<readonly ProcessMemory[]> {
  const { stdout } = await board.run(ASK);
  const found = memoryOf(stdout);
  if (found.length === 0) throw new Error(`no process of asicd: ${stdout.slice(0, 200)}`);
  return found;
}

/** From what the guest's shell printed. */
export function memoryOf(text: string): readonly ProcessMemory[] {
  return [...text.matchAll(/^memory (\d+) (\d+) (\d*) (.*)$/gm)].map(
    ([, pid, pssKB, anonymousKB, words = ""]) => ({
      program: programOf(words),
      pid: Number(pid),
      pssMB: Number(pssKB) / 1_024,
      anonymousMB: Number(anonymousKB) / 1_024,
    }),
  );
}

/** The first bundle among its arguments; the executable's own is the supervisor. */
function programOf(words: string): string {
  const name = /\/([a-z-]+)\.js\b/.exec(words)?.[1] ?? "?";
  return name === "asicd" ? "supervisor" : name;
}
