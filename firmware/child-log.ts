/** The log of a child process, which is its standard error, line by line. */
import type { ChildProcess } from "node:child_process";

/** Each line that the child writes to its standard error, without empty ones; what follows the last newline is never told. */
export function forwardLines(child: ChildProcess, onLogLine: (line: string) => void): void {
  let rest = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") onLogLine(line);
  });
}
