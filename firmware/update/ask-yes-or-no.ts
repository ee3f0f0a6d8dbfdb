/** Asks the person at the terminal. */
import { createInterface } from "node:readline";
import type { CommandContext } from "../cli/command.ts";

/** Anything but y or yes is a no, also the end of the input. */
export function askYesOrNo(question: string, { stderr, signal }: CommandContext): Promise<boolean> {
  return new Promise((resolve) => {
    stderr(`${question} [y/N] `);
    const reader = createInterface({ input: process.stdin, terminal: false });
    const end = (answer: boolean) => {
      signal.removeEventListener("abort", cancel);
      reader.close();
      process.stdin.pause();
      resolve(answer);
    };
    const cancel = () => end(false);
    signal.addEventListener("abort", cancel, { once: true });
    reader.once("close", cancel);
    reader.once("line", (line) => end(/^y(es)?$/i.test(line.trim())));
  });
}
