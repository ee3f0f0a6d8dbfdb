/** `npm run fuzz`: tries to make everything that reads a stranger's bytes throw, hang or grow. */
import { isMainThread } from "node:worker_threads";

// The threads are this file again.
if (isMainThread) {
  const { runFuzz } = await import("./run.ts");
  process.exitCode = await runFuzz(process.argv.slice(2), new URL(import.meta.url));
} else {
  await (await import("./worker.ts")).runWorker();
}
