/** Programs that are measured run in processes of their own, from the same bundle, and do what they are asked over IPC. */
import { type ChildProcess, fork } from "node:child_process";
import { thriftyEnvironment } from "../../firmware/process-memory.ts";

export type Role = "device" | "floor" | "virtual-miner" | "busy" | "peer" | "clients";

interface Question {
  readonly id: number;
  readonly ask: string;
  readonly argument: unknown;
}

type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly failed: string });

const ENDS_WITHIN_MS = 5_000;

/** A running program; `Tasks` says what it can be asked. */
export class Child<Tasks extends Record<string, (argument: never) => unknown>>
  implements AsyncDisposable
{
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  constructor(role: Role, execArgv: readonly string[] = []) {
    this.#process = fork(process.argv[1] as string, [`--role=${role}`], {
      execArgv: [...execArgv],
      // As the guard starts a miner; everything else is what it is measured against.
      env: role === "device" ? thriftyEnvironment(process.env) : process.env,
      serialization: "advanced",
    });
    this.#process.on("message", (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    this.#process.on("exit", (code, signal) => {
      const failed = `the ${role} process ended (${signal ?? `exit code ${code}`})`;
      for (const [id, settle] of this.#waiting) settle({ id, failed });
      this.#waiting.clear();
    });
  }

  /** Rejects with what went wrong over there, or when the process is gone. */
  ask<Name extends keyof Tasks & string>(
    name: Name,
    ...[argument]: Parameters<Tasks[Name]>
  ): Promise<Awaited<ReturnType<Tasks[Name]>>> {
    return new Promise((resolve, reject) => {
      const question: Question = { id: ++this.#lastId, ask: name, argument };
      this.#waiting.set(question.id, (answer) => {
        if ("failed" in answer) reject(new Error(`${name}: ${answer.failed}`));
        else resolve(answer.value as Awaited<ReturnType<Tasks[Name]>>);
      });
      this.#process.send(question, (error) => {
        if (error === null || !this.#waiting.delete(question.id)) return;
        reject(new Error(`${name}: ${error.message}`));
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.disconnect();
    const late = setTimeout(() => child.kill("SIGKILL"), ENDS_WITHIN_MS);
    await ended;
    clearTimeout(late);
  }
}

/** The other side: answers questions until the parent hangs up, then calls `end` and exits. */
export function serve(
  tasks: Record<string, (argument: never) => unknown>,
  end: () => Promise<void> = async () => {},
): void {
  process.on("message", ({ id, ask, argument }: Question) => {
    const run = async () => tasks[ask]?.(argument as never);
    run().then(
      (value) => process.send?.({ id, value }),
      (error: unknown) => {
        const failed = error instanceof Error ? (error.stack ?? error.message) : String(error);
        process.send?.({ id, failed });
      },
    );
  });
  process.on("disconnect", () => {
    void end().finally(() => process.exit(0));
  });
}
