/**
 * The emulated computer as its user sees it: an i.MX6 with asicd's files on it, three UARTs that end on the host, sensors
 * that can be heated and taken away, and GPIO lines that can be looked at. What it is made of: README.md.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeDeviceTree } from "./device-tree.ts";
import { runInGuest, startInGuest } from "./guest-shell.ts";
import { boardImage } from "./image.ts";
import { findBoardParts } from "./packages.ts";
import { MEMORY_LENGTH, MUX_ADDRESS, type Qemu, startQemu, type UartPorts } from "./qemu.ts";

export interface VirtualBoardOptions {
  /** 512, or 256 for what old control boards have. */
  readonly memoryMB: number;
  /** The tree of the armv7 build: appears in the guest as /usr/lib/asicd/base. */
  readonly asicdTree: string;
  /** On 127.0.0.1 somebody listens already: the other ends of /dev/ttymxc2, 3 and 4. */
  readonly uartPorts: UartPorts;
  /** Content of the memory at 0x50, up to 256 bytes. */
  readonly eeprom: Uint8Array;
  /** Ports of the guest that shall be reachable on 127.0.0.1; host port 0 takes a free one. */
  readonly hostForwards: readonly HostForward[];
  /** More files for the guest, by their path there. */
  readonly files?: Readonly<Record<string, Uint8Array | string>>;
  /** One line of progress. */
  readonly log: (text: string) => void;
  /** Ends the board. */
  readonly signal?: AbortSignal;
}

export interface HostForward {
  readonly guestPort: number;
  readonly hostPort: number;
}

export interface RunOptions {
  /** 60 s unless told. */
  readonly timeoutMs?: number;
}

/** `stdout` has both streams as they came. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
}

/** A command that runs in the guest. */
export interface RunningCommand {
  /** Of the guest; its process group has the same number. */
  readonly pid: number;
  /** What it printed so far, both streams, complete lines. */
  readonly lines: readonly string[];
  /** Each complete line from now on. */
  onLine(listener: (line: string) => void): Disposable;
  readonly ended: Promise<CommandResult>;
  /** To its whole process group; SIGTERM unless told. */
  kill(signal?: "TERM" | "KILL" | "INT" | "HUP"): Promise<void>;
}

export interface VirtualBoard extends AsyncDisposable {
  /** Runs it in the guest's shell as root. Rejects when it is not over in time; any exit code is a result. */
  run(command: string, options?: RunOptions): Promise<CommandResult>;
  /** Resolves when it has a pid. */
  start(command: string): Promise<RunningCommand>;
  /** Sensors 0 to 2, one per hashboard. */
  setTemperatureC(sensorIndex: number, temperatureC: number): Promise<void>;
  /** Closes the sensor's channel of the mux: it no longer answers. */
  removeSensor(index: number): Promise<void>;
  restoreSensor(index: number): Promise<void>;
  /** Data register of bank 1 to 7: bit n is the level that line n is driven to (GPIO1 is the kernel's gpiochip0). */
  readGpio(bank: number): Promise<number>;
  /** Somebody outside drives an input line of bank 1 to 7: a plug, a button, a fan's pulse. */
  driveGpio(bank: number, line: number, level: 0 | 1): Promise<void>;
  /** The host's port of a forwarded port of the guest. */
  hostPortOf(guestPort: number): number;
  /** What the kernel and /init printed. */
  readonly consoleLines: readonly string[];
  /** From power-on until the guest's shell answered. */
  readonly bootSeconds: number;
  /** Resolves, never rejects, when the machine is gone, with the reason when nobody asked it to. */
  readonly ended: Promise<string | undefined>;
  stop(): Promise<void>;
}

const SHELL_PORT = 2323;
const BOOT_WITHIN_MS = 120_000;
/** GPIO1 of the i.MX6; the others follow, i.MX 6Dual/6Quad Reference Manual, chapter 2. */
const GPIO_BASE = 0x0209_c000;
const GPIO_STEP = 0x4000;
const GPIO_BANKS = 7;

/** Resolves when the guest takes commands. Rejects with the reason and the console's end when it does not come up. */
export async function startVirtualBoard(options: VirtualBoardOptions): Promise<VirtualBoard> {
  options.signal?.throwIfAborted();
  const { log } = options;
  const parts = findBoardParts(log);
  const folder = mkdtempSync(join(tmpdir(), "asicd-board-"));
  const consoleLines: string[] = [];
  let qemu: Qemu | undefined;
  const stop = async () => {
    options.signal?.removeEventListener("abort", onAbort);
    await qemu?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  };
  const onAbort = () => void stop();
  try {
    const in_ = (name: string) => join(folder, name);
    const image = boardImage(parts, options.asicdTree, options.files ?? {});
    writeFileSync(in_("image.cpio.gz"), image);
    writeFileSync(in_("memory.bin"), paddedMemory(options.eeprom));
    writeDeviceTree(parts.deviceTree, in_("board.dtb"));
    log(`board: ${parts.release}, ${options.memoryMB} MB, image of ${megabytes(image.length)} MB`);
    const startMs = performance.now();
    qemu = await startQemu({
      memoryMB: options.memoryMB,
      kernel: parts.kernel,
      deviceTree: in_("board.dtb"),
      image: in_("image.cpio.gz"),
      memoryFile: in_("memory.bin"),
      uartPorts: options.uartPorts,
      forwards: [...options.hostForwards, { guestPort: SHELL_PORT, hostPort: 0 }],
      folder,
      onConsoleLine: (line) => consoleLines.push(line),
      onEvent: ({ event, data }) => {
        const isOurs = JSON.stringify(data)?.includes("host-qmp-quit") ?? false;
        if ((event === "WATCHDOG" || event === "SHUTDOWN") && !isOurs)
          log(`board: QEMU says ${event} ${JSON.stringify(data)}`);
      },
    });
    // QEMU has read or opened all of it: a run that is killed from here on leaves nothing behind.
    rmSync(folder, { recursive: true, force: true });
    options.signal?.addEventListener("abort", onAbort, { once: true });
    options.signal?.throwIfAborted();
    const { qmp, ended, setLine } = qemu;
    const hostPorts = forwardedPorts(await qmp.monitor("info usernet"));
    const hostPortOf = (guestPort: number) => {
      const port = hostPorts.get(guestPort);
      if (port === undefined) throw new RangeError(`port ${guestPort} is not forwarded`);
      return port;
    };
    const shell = hostPortOf(SHELL_PORT);
    await shellReady(shell, ended, consoleLines);
    let openChannels = 0;
    const setMux = async (mask: number) => {
      const command = `i2cset -y 0 0x${MUX_ADDRESS.toString(16)} 0x${mask.toString(16)}`;
      const { code, stdout } = await runInGuest(shell, command);
      if (code !== 0) throw new Error(`the mux does not answer: ${stdout.trim()}`);
      openChannels = mask;
    };
    await setMux(ALL_CHANNELS);
    const bootSeconds = (performance.now() - startMs) / 1_000;
    log(`board: up after ${bootSeconds.toFixed(1)} s`);
    return {
      run: (command, runOptions) => runInGuest(shell, command, runOptions),
      start: (command) => startInGuest(shell, command),
      setTemperatureC: (sensor, temperatureC) =>
        qmp.setProperty(
          `/machine/peripheral/sensor${sensor}`,
          "temperature",
          Math.round(temperatureC * 1_000),
        ),
      removeSensor: (sensor) => setMux(openChannels & ~(1 << sensor)),
      restoreSensor: (sensor) => setMux(openChannels | (1 << sensor)),
      async readGpio(bank) {
        if (!(bank >= 1 && bank <= GPIO_BANKS)) throw new RangeError(`no GPIO bank ${bank}`);
        return qmp.readWord(GPIO_BASE + (bank - 1) * GPIO_STEP);
      },
      driveGpio: setLine,
      hostPortOf,
      consoleLines,
      bootSeconds,
      ended,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    options.signal?.throwIfAborted();
    throw error;
  }
}

const ALL_CHANNELS = 0b1111;

/** The guest listens late; until then QEMU takes connections and drops them. */
async function shellReady(
  port: number,
  ended: Promise<string | undefined>,
  consoleLines: readonly string[],
): Promise<void> {
  const startMs = performance.now();
  let end: string | undefined;
  void ended.then((reason) => {
    end = reason ?? "stopped";
  });
  for (;;) {
    try {
      await runInGuest(port, "true", { timeoutMs: 5_000 });
      return;
    } catch {
      const isLate = performance.now() - startMs > BOOT_WITHIN_MS;
      if (end !== undefined || isLate)
        throw new Error(
          `the board does not come up: ${end ?? "no shell"}\n${consoleLines.slice(-20).join("\n")}`,
        );
      await sleep(200);
    }
  }
}

/** From QEMU's table of connections: state, descriptor, host's address and port, guest's address and port. */
export function forwardedPorts(table: string): Map<number, number> {
  const rows = table.matchAll(/HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s+\S+\s+(\d+)/g);
  return new Map(Array.from(rows, ([, host, guest]) => [Number(guest), Number(host)]));
}

/** Erased where nothing is given. */
function paddedMemory(content: Uint8Array): Uint8Array {
  if (content.length > MEMORY_LENGTH)
    throw new RangeError(`a memory of ${content.length} bytes; allowed: up to ${MEMORY_LENGTH}`);
  const memory = new Uint8Array(MEMORY_LENGTH).fill(0xff);
  memory.set(content);
  return memory;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
