/**
 * A process under virtual time: it can be frozen (SIGSTOP, a busy loop) and killed (SIGKILL). While frozen nothing reaches
 * it; once dead it does nothing more, its handles are closed as the kernel closes them, and lines keep their levels.
 */
import type { Link } from "../../../src/control/guard-link.ts";
import type { ByteStream, Dialer } from "../../../src/ports/byte-stream.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { MachinePlatform } from "../../../src/ports/machine-platform.ts";
import type { Uart } from "../../../src/ports/uart.ts";
import { PausableClock } from "../../support/pausable-clock.ts";

export class VirtualProcess {
  readonly clock: PausableClock;
  #state: "running" | "frozen" | "dead" = "running";
  /** What waits for it, oldest first. */
  #held: (() => void)[] = [];
  readonly #handles = new Set<() => void>();

  constructor(clock: Clock) {
    this.clock = new PausableClock(clock);
  }

  get isRunning(): boolean {
    return this.#state === "running";
  }

  get isDead(): boolean {
    return this.#state === "dead";
  }

  freeze(): void {
    if (this.isDead) return;
    this.#state = "frozen";
    this.clock.pause();
  }

  thaw(): void {
    if (this.#state !== "frozen") return;
    this.clock.resume();
    // What arrives in the same moment comes after what has waited.
    this.clock.after(0, () => {
      this.#state = "running";
      const held = this.#held;
      this.#held = [];
      for (const run of held) this.deliver(run);
    });
  }

  kill(): void {
    if (this.isDead) return;
    this.#state = "dead";
    this.#held = [];
    this.clock.kill();
    for (const close of this.#handles) close();
    this.#handles.clear();
  }

  /** From outside into the process: now, when it goes on, or never. */
  deliver(run: () => void): void {
    if (this.#state === "running") run();
    else if (this.#state === "frozen") this.#held.push(run);
  }

  /** The outcome of what the kernel does for it. */
  outcome<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.deliver(() => resolve(value)),
        (error: unknown) => this.deliver(() => reject(error)),
      );
    });
  }

  /** A dead process calls nobody. */
  call<T>(run: () => Promise<T>): Promise<T> {
    return this.isDead ? new Promise<T>(() => {}) : this.outcome(run());
  }

  /** Opened by the process; closed when it dies, whether it has been told of it yet or not. */
  async open<Port>(run: () => Promise<Port>, close: (port: Port) => void): Promise<Port> {
    return this.call(async () => {
      const port = await run();
      if (this.isDead) close(port);
      else this.#handles.add(() => close(port));
      return port;
    });
  }
}

function end(port: AsyncDisposable): void {
  void port[Symbol.asyncDispose]();
}

/** The machine's ports as that process has them. */
export function machineFor(process: VirtualProcess, machine: MachinePlatform): MachinePlatform {
  const closing = (port: AsyncDisposable) => ({
    [Symbol.asyncDispose]: () => process.call(async () => port[Symbol.asyncDispose]()),
  });
  return {
    clock: process.clock,
    readFacts: () => process.call(() => machine.readFacts()),
    async openI2c(path) {
      const bus = await process.open(() => machine.openI2c(path), end);
      return {
        path,
        transfer: (address, write, readLength) =>
          process.call(() => bus.transfer(address, write, readLength)),
        ...closing(bus),
      };
    },
    async openOutput(line, active) {
      const output = await process.open(() => machine.openOutput(line, active), end);
      return {
        label: line.label,
        set: (toActive) => process.call(() => output.set(toActive)),
        ...closing(output),
      };
    },
    async openInput(line) {
      const input = await process.open(() => machine.openInput(line), end);
      return { label: line.label, get: () => process.call(() => input.get()), ...closing(input) };
    },
    async openPwm(pwm) {
      const output = await process.open(() => machine.openPwm(pwm), end);
      return {
        label: pwm.label,
        setDuty: (dutyPercent) => process.call(() => output.setDuty(dutyPercent)),
        ...closing(output),
      };
    },
    async openTachometer(line, pulsesPerTurn) {
      const counter = await process.open(() => machine.openTachometer(line, pulsesPerTurn), end);
      return {
        label: line.label,
        readRpm: () => process.call(() => counter.readRpm()),
        ...closing(counter),
      };
    },
    async openWatchdog(path, timeoutS) {
      const watchdog = await process.open(() => machine.openWatchdog(path, timeoutS), end);
      return {
        timeoutS,
        pet: () => process.isDead || watchdog.pet(),
        disarm: () => process.call(() => watchdog.disarm()),
        ...closing(watchdog),
      };
    },
    openUart: (path, baudRate) => uartFor(process, () => machine.openUart(path, baudRate)),
  };
}

export async function uartFor(process: VirtualProcess, open: () => Promise<Uart>): Promise<Uart> {
  const uart = await process.open(open, end);
  return {
    path: uart.path,
    get baudRate() {
      return uart.baudRate;
    },
    send: (bytes) => process.isDead || uart.send(bytes),
    drain: () => process.call(() => uart.drain()),
    setBaudRate: (baudRate) => process.call(() => uart.setBaudRate(baudRate)),
    onReceive: (listener) => uart.onReceive(arriving(process, listener)),
    onGone: (listener) => uart.onGone((reason) => process.deliver(() => listener(reason))),
    [Symbol.asyncDispose]: () => process.call(async () => uart[Symbol.asyncDispose]()),
  };
}

export function dialerFor(process: VirtualProcess, dialer: Dialer): Dialer {
  return {
    async dial(host, port, signal) {
      const stream = await process.open(
        () => dialer.dial(host, port, signal),
        (open) => open.destroy(),
      );
      return streamFor(process, stream);
    },
  };
}

function streamFor(process: VirtualProcess, stream: ByteStream): ByteStream {
  return {
    remote: stream.remote,
    write: (bytes) => process.isDead || stream.write(bytes),
    onData: (listener) => stream.onData(arriving(process, listener)),
    onEnd: (listener) => stream.onEnd((reason) => process.deliver(() => listener(reason))),
    close: () => process.isDead || stream.close(),
    destroy: () => process.isDead || stream.destroy(),
  };
}

/** What waits for a frozen process has to outlast the chunk, which is only borrowed. */
function arriving(process: VirtualProcess, listener: (chunk: Uint8Array) => void) {
  return (chunk: Uint8Array) => {
    const bytes = process.isRunning ? chunk : chunk.slice();
    process.deliver(() => listener(bytes));
  };
}

/** One end of a channel, in that process. */
export function linkFor<Out, In>(process: VirtualProcess, link: Link<Out, In>): Link<Out, In> {
  return {
    send: (message) => process.isDead || link.send(message),
    onMessage: (listener) => link.onMessage((message) => process.deliver(() => listener(message))),
    onClosed: (listener) => link.onClosed(() => process.deliver(listener)),
  };
}
