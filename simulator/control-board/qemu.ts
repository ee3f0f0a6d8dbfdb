/** The emulator as a child process that never outlives us. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { LineDriver } from "./line-driver.ts";
import { QmpClient, type QmpEvent } from "./qmp.ts";

/** On 127.0.0.1: the other ends of /dev/ttymxc2, 3 and 4. */
export type UartPorts = readonly [number, number, number];

export interface QemuOptions {
  readonly memoryMB: number;
  readonly kernel: string;
  readonly deviceTree: string;
  readonly image: string;
  /** `MEMORY_LENGTH` bytes; QEMU writes to it when the guest does. */
  readonly memoryFile: string;
  readonly uartPorts: UartPorts;
  readonly forwards: readonly { readonly guestPort: number; readonly hostPort: number }[];
  /** For the sockets. */
  readonly folder: string;
  readonly onConsoleLine: (line: string) => void;
  readonly onEvent: (event: QmpEvent) => void;
}

export interface Qemu extends AsyncDisposable {
  readonly qmp: QmpClient;
  /** What somebody outside does to an input line: QMP has no command for it, the protocol of QEMU's own tests has. */
  setLine(bank: number, line: number, level: 0 | 1): Promise<void>;
  /** Resolves, never rejects, with the reason when nobody asked for the end. */
  readonly ended: Promise<string | undefined>;
}

export const MUX_ADDRESS = 0x70;
export const SENSOR_ADDRESSES = [0x48, 0x49, 0x4a] as const;
export const MEMORY_ADDRESS = 0x50;
/** QEMU takes no drive shorter than a sector. */
export const MEMORY_LENGTH = 512;

/** Rejects with what QEMU printed when it does not start. */
export async function startQemu(options: QemuOptions): Promise<Qemu> {
  const sockets = {
    qmp: join(options.folder, "qmp.sock"),
    qtest: join(options.folder, "qtest.sock"),
  };
  const said: string[] = [];
  // The kernel ends it with us, however we die.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", ...commandLine(options, sockets)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  createInterface({ input: child.stdout }).on("line", (line) =>
    options.onConsoleLine(line.replaceAll("\r", "")),
  );
  createInterface({ input: child.stderr }).on("line", (line) => said.push(line));
  let isWanted = false;
  const ended = new Promise<string | undefined>((resolve) => {
    child.once("error", (error) => resolve(`QEMU could not be started: ${error.message}`));
    child.once("close", (code, signal) =>
      resolve(
        isWanted
          ? undefined
          : code === 0
            ? "the guest reset itself or was switched off"
            : `QEMU ended (${signal ?? `exit code ${code}`}): ${said.slice(-5).join("; ")}`,
      ),
    );
  });
  try {
    const qmp = await Promise.race([
      connect(sockets.qmp, options.onEvent),
      ended.then((reason) => Promise.reject(new Error(reason ?? "QEMU ended"))),
    ]);
    const lines = await LineDriver.connect(sockets.qtest);
    return {
      qmp,
      ended,
      setLine: (bank, line, level) => lines.set(bank, line, level),
      async [Symbol.asyncDispose]() {
        isWanted = true;
        lines[Symbol.dispose]();
        await qmp.execute("quit").catch(() => {});
        qmp[Symbol.dispose]();
        await end(child, ended);
      },
    };
  } catch (error) {
    await end(child, ended);
    throw new Error(`QEMU does not run: ${(await ended) ?? error}`, { cause: error });
  }
}

const END_WITHIN_MS = 3_000;
const CONNECT_WITHIN_MS = 10_000;

async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  const late = setTimeout(() => child.kill("SIGKILL"), END_WITHIN_MS);
  child.kill("SIGTERM");
  await ended;
  clearTimeout(late);
}

async function connect(path: string, onEvent: (event: QmpEvent) => void): Promise<QmpClient> {
  const startMs = performance.now();
  for (;;) {
    if (existsSync(path)) return QmpClient.connect(path, onEvent);
    if (performance.now() - startMs > CONNECT_WITHIN_MS)
      throw new Error("QEMU does not open its monitor");
    await sleep(20);
  }
}

function commandLine(
  options: QemuOptions,
  sockets: { readonly qmp: string; readonly qtest: string },
): string[] {
  const { memoryMB, kernel, deviceTree, image, memoryFile, uartPorts, forwards } = options;
  const nowUnixS = Math.floor(Date.now() / 1_000);
  const forwarded = forwards.map(
    ({ hostPort, guestPort }) => `,hostfwd=tcp:127.0.0.1:${hostPort}-10.0.2.15:${guestPort}`,
  );
  return [
    ...["qemu-system-arm", "-M", "sabrelite", "-m", `${memoryMB}`, "-display", "none"],
    // As the Zynq boards have: on one processor the guard and the miner are late while the page is served.
    ...["-smp", "2"],
    ...[
      "-nodefaults",
      "-no-reboot",
      "-monitor",
      "none",
      "-qmp",
      `unix:${sockets.qmp},server=on,wait=off`,
    ],
    ...["-qtest", `unix:${sockets.qtest},server=on,wait=off`, "-qtest-log", "none"],
    ...["-kernel", kernel, "-dtb", deviceTree, "-initrd", image],
    ...["-append", `console=ttymxc1,115200 rdinit=/init quiet panic=1 board.time=${nowUnixS}`],
    // The n-th one is ttymxc(n-1).
    ...["-serial", "null", "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"],
    ...uartPorts.flatMap((port, chain) => [
      ...["-chardev", `socket,id=chain${chain},host=127.0.0.1,port=${port},nodelay=on`],
      ...["-serial", `chardev:chain${chain}`],
    ]),
    ...["-nic", `user,model=imx.enet${forwarded.join("")}`],
    ...["-device", `pca9546,bus=i2c-bus.0,address=${MUX_ADDRESS},id=mux`],
    // The mux's buses are named so whatever its id is.
    ...SENSOR_ADDRESSES.flatMap((address, sensor) => [
      ...["-device", `tmp105,bus=i2c.${sensor},address=${address},id=sensor${sensor}`],
    ]),
    ...["-drive", `if=none,id=memory,format=raw,file=${memoryFile}`],
    "-device",
    `at24c-eeprom,bus=i2c.3,address=${MEMORY_ADDRESS},rom-size=${MEMORY_LENGTH},drive=memory`,
  ];
}
