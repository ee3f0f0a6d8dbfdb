/** A program on the real process context, whose one command does what its argument says; bundled by the test. */
import type { Command } from "../../../firmware/cli/command.ts";
import { processContext } from "../../../firmware/cli/process-context.ts";
import { runProgram } from "../../../firmware/cli/program.ts";
import { openLog } from "../../../firmware/log.ts";

const behaviours: Readonly<
  Record<string, (context: Parameters<Command["run"]>[1]) => Promise<number>>
> = {
  async wait(context) {
    const keepAlive = setInterval(() => {}, 1_000);
    context.stdout("waiting\n");
    await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
    clearInterval(keepAlive);
    context.stderr("ended in good order\n");
    return 0;
  },
  async stubborn(context) {
    setInterval(() => {}, 1_000);
    context.stdout("waiting\n");
    context.signal.addEventListener("abort", () => {
      context.stderr("asked to end\n");
      setTimeout(() => context.stderr("still here\n"), 1_000);
    });
    return new Promise(() => {});
  },
  async reject(context) {
    void Promise.reject(new Error("nobody caught me"));
    return behaviours["wait"]?.(context) ?? 0;
  },
  async leak() {
    setInterval(() => {}, 1_000);
    return 0;
  },
  async flood(context) {
    while (!context.signal.aborted) {
      context.stdout(`${"x".repeat(1_000)}\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return 0;
  },
  async large(context) {
    context.stdout("y".repeat(1_000_000));
    return 0;
  },
  async late(context) {
    setTimeout(() => context.stdout("too late\n"), 50);
    return 0;
  },
  async log() {
    const log = openLog({ level: "info", to: process.stdout });
    for (let i = 0; i < 1_000; i++) log.info({ i, pad: "z".repeat(100) }, "a line");
    return 0;
  },
  async endlessLog(context) {
    const log = openLog({ level: "info", to: process.stdout });
    let i = 0;
    while (!context.signal.aborted) {
      // More than a pipe and the log's own buffer hold.
      if (i === 20_000) context.stderr("logged plenty\n");
      for (let n = 0; n < 100; n++) log.info({ i: i++, pad: "z".repeat(100) }, "a line");
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    context.stderr("ended in good order\n");
    return 0;
  },
};

const context = processContext();
const argv = process.argv.slice(2);
const act: Command = {
  name: "act",
  summary: "",
  usage: "HOW",
  positionals: "HOW",
  options: {},
  run: (args, commandContext) =>
    behaviours[args.positionals[0] ?? ""]?.(commandContext) ?? Promise.resolve(9),
};
context.end(
  await runProgram(
    { version: "0", commands: [act], loadMoreCommands: async () => [] },
    ["act", ...argv],
    context,
  ),
);
