/** Worker threads that do all the hashing of a simulated machine, beside the thread on which the program runs. */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { Signal } from "../../src/lib/signal.ts";
import type { ChainGeometry, ChainHit, ChainPlan, ChainSearcher } from "./chain-searcher.ts";
import { createSharedPlanMemory, SharedPlan } from "./shared-plan.ts";
import type { FromWorker, ToWorker, WorkerSetup } from "./worker-messages.ts";

export interface HashEngineOptions {
  /** At most one per core, which is also the default. */
  readonly workers?: number;
  /** "plain" is for comparisons; where SIMD does not work, plain is taken anyway. */
  readonly search?: "simd" | "plain";
  /** The worker's bundle; found beside this program when absent. */
  readonly workerUrl?: URL;
}

/** A searcher whose chips are spread over the workers. */
export interface EngineSearcher extends ChainSearcher {
  /** Whether every worker has taken up what was published last. */
  readonly isSeenByAll: boolean;
}

const MEASURE_MS = 200;

export class HashEngine implements AsyncDisposable {
  readonly #workers: readonly Worker[];
  readonly #wake: Int32Array;
  readonly #chains = new Map<number, Signal<ChainHit>>();
  #search: "simd" | "plain" = "plain";
  #nextChainId = 0;

  private constructor(workers: readonly Worker[], wake: Int32Array) {
    this.#workers = workers;
    this.#wake = wake;
    for (const worker of workers) {
      worker.on("message", (message: FromWorker) => {
        if (message.tell === "hits")
          for (const hit of message.hits) this.#chains.get(message.chainId)?.emit(hit);
      });
      // Simulated silicon is no reason to keep a program alive.
      worker.unref();
    }
  }

  /** Resolves when all workers are ready. Throws RangeError for less than one worker. */
  static async start(options: HashEngineOptions = {}): Promise<HashEngine> {
    const wanted = options.workers ?? availableParallelism();
    if (!Number.isInteger(wanted) || wanted < 1)
      throw new RangeError(`hash engine: ${wanted} workers; allowed: a whole number from 1`);
    const workerCount = Math.min(wanted, availableParallelism());
    const wake = new SharedArrayBuffer(4);
    const workers = Array.from({ length: workerCount }, (_, workerIndex) => {
      const setup: WorkerSetup = {
        workerIndex,
        workerCount,
        wake,
        search: options.search ?? "simd",
      };
      return new Worker(options.workerUrl ?? findWorker(), { workerData: setup });
    });
    const engine = new HashEngine(workers, new Int32Array(wake));
    const ready = await Promise.all(workers.map((worker) => answerOf(worker, "ready")));
    engine.#search = ready.every(({ search }) => search === "simd") ? "simd" : "plain";
    return engine;
  }

  get workerCount(): number {
    return this.#workers.length;
  }

  get search(): "simd" | "plain" {
    return this.#search;
  }

  /** What all workers together hash per second on this host, measured for 0.2 s; they should have nothing else to do. */
  async measureHostHps(): Promise<number> {
    const measured = this.#workers.map((worker) => answerOf(worker, "measured"));
    this.#tellAll({ tell: "measure", durationMs: MEASURE_MS });
    const all = await Promise.all(measured);
    return all.reduce((total, { hps }) => total + hps, 0);
  }

  openChain(geometry: ChainGeometry): EngineSearcher {
    const chainId = this.#nextChainId++;
    const memory = createSharedPlanMemory(geometry, this.#workers.length);
    const plan = new SharedPlan(memory);
    const hits = new Signal<ChainHit>();
    this.#chains.set(chainId, hits);
    this.#tellAll({ tell: "open", chainId, geometry, memory });
    return {
      publish: (next: ChainPlan) => {
        if (!this.#chains.has(chainId)) return;
        plan.write(next);
        this.#wakeAll();
      },
      onHit: (listener) => hits.on(listener),
      hashesDone: (chipIndex) => plan.hashesDone[chipIndex] ?? 0,
      get isSeenByAll() {
        return plan.isSeenByAll;
      },
      [Symbol.dispose]: () => {
        if (this.#chains.delete(chainId)) this.#tellAll({ tell: "close", chainId });
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#chains.clear();
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #tellAll(message: ToWorker): void {
    for (const worker of this.#workers) worker.postMessage(message);
    this.#wakeAll();
  }

  #wakeAll(): void {
    Atomics.add(this.#wake, 0, 1);
    Atomics.notify(this.#wake, 0);
  }
}

/** The worker's next message of that kind. Rejects when the worker fails or ends before. */
function answerOf<T extends FromWorker["tell"]>(
  worker: Worker,
  tell: T,
): Promise<FromWorker & { tell: T }> {
  return new Promise((resolve, reject) => {
    const done = () => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      worker.unref();
    };
    const onMessage = (message: FromWorker) => {
      if (message.tell !== tell) return;
      done();
      resolve(message as FromWorker & { tell: T });
    };
    const onError = (error: Error) => {
      done();
      reject(error);
    };
    const onExit = () => onError(new Error(`hash worker: ended before it was "${tell}"`));
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    worker.ref();
  });
}

/** In dist/ the worker lies beside the program or above its chunks; from the sources it is the built one. */
function findWorker(): URL {
  const places = ["./hash-worker.js", "../hash-worker.js", "../../dist/hash-worker.js"];
  const urls = places.map((place) => new URL(place, import.meta.url));
  const found = urls.find((url) => existsSync(fileURLToPath(url)));
  if (found === undefined)
    throw new Error(
      `hash worker: not found at ${urls.map((url) => fileURLToPath(url)).join(", ")}; "npm run build" makes it`,
    );
  return found;
}
