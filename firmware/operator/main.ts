/** The operator's program: told by the supervisor what to show, it serves page, API and everything else for operators until told to stop. */
import { setPriority } from "node:os";
import type {
  OperatorMessage,
  OperatorSetup,
  SupervisorMessage,
} from "../../src/api/operator-link.ts";
import { openLog } from "../log.ts";
import { SystemClock } from "../platform/system-clock.ts";
import { linkToParent } from "../process-link.ts";
import { keepHeapSmall } from "../process-memory.ts";
import { runOperator } from "./run-operator.ts";

/** Whoever looks on waits before a new block does: on a board with one core the scheduler then gives the miner nine tenths. */
const NICENESS = 10;

keepHeapSmall();
setPriority(NICENESS);
const link = linkToParent<OperatorMessage, SupervisorMessage>();
const stopping = new AbortController();
const setup = await new Promise<OperatorSetup>((resolve, reject) => {
  link.onMessage((message) => {
    if (message.tell === "start") resolve(message.setup);
    // It may come before the start has been acted upon.
    if (message.tell === "stop") stopping.abort();
  });
  link.onClosed(() => {
    reject(new Error("the supervisor is gone"));
    stopping.abort();
  });
});
// Signals to the group are the supervisor's to act upon.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGTSTP"] as const)
  process.on(signal, () => {});

const log = openLog({ level: setup.logLevel, to: process.stderr });
if (!stopping.signal.aborted)
  await runOperator({ setup, link, clock: new SystemClock(), log, stopping: stopping.signal });
if (process.connected) process.disconnect?.();
// A client that holds its connection open keeps nobody here.
process.exit(0);
