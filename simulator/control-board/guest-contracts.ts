/** Has the guest run the contract suites of the kernel's devices, and is what is on their other ends. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSocketLine, type SocketLine } from "./socket-line.ts";
import { startVirtualBoard, type VirtualBoard } from "./virtual-board.ts";

export interface GuestContractsOptions {
  /** Its native add-ons are what is tested. */
  readonly asicdTree: string;
  /** One line for each test. */
  readonly log: (text: string) => void;
  readonly signal?: AbortSignal;
}

export interface GuestContractsResult {
  readonly passed: number;
  readonly failed: number;
  readonly bootSeconds: number;
}

const PROGRAM = "/usr/lib/asicd/base/guest-contracts.mjs";
const RUN_WITHIN_MS = 300_000;

/** On a board of its own. Rejects when the board does not come up, or the guest's program does not end with its total. */
export async function runGuestContracts(
  options: GuestContractsOptions,
): Promise<GuestContractsResult> {
  const program = bundled();
  await using lines = await openLines();
  const far = lines.all[2];
  await using board = await startVirtualBoard({
    memoryMB: 512,
    asicdTree: options.asicdTree,
    uartPorts: lines.ports,
    eeprom: new Uint8Array(0),
    hostForwards: [],
    files: { [PROGRAM]: program },
    log: options.log,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (far?.isConnected !== true) throw new Error("QEMU is not connected to the UART's far end");
  await using relay = await listen((socket) => relayTo(far, socket));
  await using answering = await listen((socket) => answer(board, socket));
  const running = await board.start(
    `/usr/bin/node ${PROGRAM} --uart-port ${relay.port} --host-port ${answering.port}`,
  );
  using _printing = running.onLine(options.log);
  const late = setTimeout(() => void running.kill("KILL").catch(() => {}), RUN_WITHIN_MS);
  const { stdout } = await running.ended.finally(() => clearTimeout(late));
  if (!/, 0 failed$/m.test(stdout)) {
    // Bytes that the kernel's driver moved, and whether there was anybody at the other end.
    const { stdout: counts } = await board.run("cat /proc/tty/driver/IMX-uart");
    options.log(`${counts}far end connected: ${far.isConnected}`);
  }
  const total = /^total (\d+) passed, (\d+) failed$/m.exec(stdout);
  if (total === null)
    throw new Error(`the contract suites did not end: ${stdout.split("\n").slice(-20).join("\n")}`);
  return {
    passed: Number(total[1]),
    failed: Number(total[2]),
    bootSeconds: board.bootSeconds,
  };
}

/** From the root of the clone, as every script runs. */
function bundled(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "asicd-contracts-"));
  const outfile = join(folder, "guest-contracts.mjs");
  try {
    execFileSync("node_modules/.bin/esbuild", [
      ...["test/contracts/in-guest/main.ts", "--bundle", "--platform=node", "--format=esm"],
      ...["--target=node20.11", "--log-level=warning", `--outfile=${outfile}`],
      ...["serialport", "koffi", "i2c-bus", "onoff"].map((name) => `--external:${name}`),
    ]);
    return readFileSync(outfile);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function openLines() {
  const all: SocketLine[] = [];
  const open = async () => {
    const line = await openSocketLine();
    all.push(line);
    return line.port;
  };
  const ports = [await open(), await open(), await open()] as const;
  return {
    all,
    ports,
    async [Symbol.asyncDispose]() {
      for (const line of all) await line[Symbol.asyncDispose]();
    },
  };
}

async function listen(
  onConnection: (socket: Socket) => void,
): Promise<{ readonly port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    onConnection(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Bytes both ways between the UART's wire and whoever in the guest plays its far end. */
function relayTo(line: SocketLine, socket: Socket): void {
  const subscription = line.onData((chunk) => void socket.write(Buffer.from(chunk)));
  socket.on("data", (chunk: Uint8Array) => line.write(chunk));
  socket.once("close", () => subscription[Symbol.dispose]());
}

interface Question {
  readonly ask: "level" | "drive" | "heat";
  readonly bank: number;
  readonly line: number;
  readonly level: 0 | 1;
  readonly sensor: number;
  readonly temperatureC: number;
}

function answer(board: VirtualBoard, socket: Socket): void {
  let unfinished = "";
  let before: Promise<unknown> = Promise.resolve();
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    const questions = `${unfinished}${chunk}`.split("\n");
    unfinished = questions.pop() ?? "";
    for (const text of questions)
      before = before.then(async () => {
        const said = await outcomeOf(board, JSON.parse(text) as Question).then(
          (value) => ({ value }),
          (error: unknown) => ({ error: `${error}` }),
        );
        socket.write(`${JSON.stringify(said)}\n`);
      });
  });
}

async function outcomeOf(board: VirtualBoard, question: Question): Promise<number> {
  const { ask, bank, line, level, sensor, temperatureC } = question;
  if (ask === "level") return ((await board.readGpio(bank)) >>> line) & 1;
  if (ask === "drive") await board.driveGpio(bank, line, level);
  if (ask === "heat") await board.setTemperatureC(sensor, temperatureC);
  return 0;
}
