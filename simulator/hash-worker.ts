/** Entry of the hashing worker, a bundle of its own: pure computation, started by hash-engine.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { keepHeapSmall } from "../firmware/process-memory.ts";
import { runWorkerLoop } from "./hashing/worker-loop.ts";
import type { WorkerSetup } from "./hashing/worker-messages.ts";

if (parentPort === null) throw new Error("hash-worker: this is a worker thread, not a program");
keepHeapSmall();
runWorkerLoop(parentPort, workerData as WorkerSetup);
