/** Commands for the guest's shell: one connection each, so that any number of them run at once. */
import { createConnection } from "node:net";
import type { CommandResult, RunningCommand } from "./virtual-board.ts";

const RUN_WITHIN_MS = 60_000;
const KILL_WITHIN_MS = 5_000;

/** Resolves when the guest says the command's pid; rejects when nobody is there, or not in time. */
export function startInGuest(
  port: number,
  command: string,
  pidWithinMs = RUN_WITHIN_MS,
): Promise<RunningCommand> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    const lines: string[] = [];
    const listeners = new Set<(line: string) => void>();
    let unfinished = "";
    let pid: number | undefined;
    let settleEnd: (result: CommandResult | Error) => void = () => {};
    const ended = new Promise<CommandResult>((resolveEnd, rejectEnd) => {
      settleEnd = (result) => (result instanceof Error ? rejectEnd(result) : resolveEnd(result));
    });
    // Nobody has to wait for the end.
    ended.catch(() => {});
    const fail = (error: Error) => {
      clearTimeout(late);
      reject(error);
      settleEnd(error);
    };
    const late = setTimeout(() => {
      fail(new Error(`the guest does not answer: ${command}`));
      socket.destroy();
    }, pidWithinMs);
    const running = (ofPid: number): RunningCommand => ({
      pid: ofPid,
      lines,
      ended,
      onLine(listener) {
        listeners.add(listener);
        return { [Symbol.dispose]: () => void listeners.delete(listener) };
      },
      async kill(signal = "TERM") {
        await startInGuest(port, `kill -${signal} -${ofPid}`, KILL_WITHIN_MS);
      },
    });
    const take = (line: string) => {
      const number = /^board-(pid|exit) (\d+)$/.exec(line);
      if (pid === undefined) {
        if (number?.[1] !== "pid") return;
        clearTimeout(late);
        pid = Number(number[2]);
        resolve(running(pid));
      } else if (number?.[1] === "exit") {
        // The empty line before it is ours, unless it ends an unfinished one.
        if (lines.at(-1) === "") lines.pop();
        settleEnd({ code: Number(number[2]), stdout: lines.map((text) => `${text}\n`).join("") });
        socket.destroy();
      } else {
        lines.push(line);
        for (const listener of listeners) listener(line);
      }
    };
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      const pieces = `${unfinished}${chunk}`.split("\n");
      unfinished = pieces.pop() ?? "";
      for (const line of pieces) take(line.replace(/\r$/, ""));
    });
    socket.on("error", fail);
    socket.on("close", () => fail(new Error(`the guest closed the connection: ${command}`)));
    socket.write(`${escaped(`${command}\n`)}\n`);
  });
}

/** As printf '%b' of any shell takes it: each byte as \\0 and three octal digits. */
function escaped(text: string): string {
  return Array.from(Buffer.from(text), (byte) => `\\0${byte.toString(8).padStart(3, "0")}`).join(
    "",
  );
}

export async function runInGuest(
  port: number,
  command: string,
  { timeoutMs = RUN_WITHIN_MS }: { readonly timeoutMs?: number } = {},
): Promise<CommandResult> {
  const running = await startInGuest(port, command, timeoutMs);
  let late: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    late = setTimeout(() => {
      const why = `not over after ${timeoutMs} ms: ${command}\n${running.lines.join("\n")}`;
      const end = () => reject(new Error(why));
      running.kill("KILL").then(end, end);
    }, timeoutMs);
  });
  try {
    return await Promise.race([running.ended, tooLate]);
  } finally {
    clearTimeout(late);
  }
}
