/** The guard's end: a machine whose ports are served by the simulated world's process. UARTs are PTYs, opened as on hardware. */
import { connect, type Socket } from "node:net";
import { DeviceError } from "../../src/lib/errors.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { MachineFacts, MachinePlatform } from "../../src/ports/machine-platform.ts";
import { lineReader, type PortAnswer, type PortRequest } from "./port-messages.ts";

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Connects to the world's socket. A world that goes away makes every port reject with DeviceError "gone". */
export async function connectMachine(
  path: string,
  clock: Clock,
  openUart: MachinePlatform["openUart"],
): Promise<MachinePlatform> {
  const call = await openCalls(path);
  const handleOf = async (request: PortRequest) => (await call(request)) as number;
  const closing = (handle: number) => async () => {
    await call({ op: "close", handle }).catch(() => {});
  };
  return {
    clock,
    openUart,
    readFacts: async () => (await call({ op: "facts" })) as MachineFacts,
    async openI2c(bus) {
      const handle = await handleOf({ op: "i2c-open", path: bus });
      return {
        path: bus,
        async transfer(address, write, readLength) {
          const request = { handle, address, write: [...write], readLength };
          return Uint8Array.from((await call({ op: "i2c-transfer", ...request })) as number[]);
        },
        [Symbol.asyncDispose]: closing(handle),
      };
    },
    async openOutput(line, active) {
      const handle = await handleOf({ op: "output-open", line, active });
      return {
        label: line.label,
        async set(toActive) {
          await call({ op: "output-set", handle, active: toActive });
        },
        [Symbol.asyncDispose]: closing(handle),
      };
    },
    async openInput(line) {
      const handle = await handleOf({ op: "input-open", line });
      return {
        label: line.label,
        get: async () => (await call({ op: "input-get", handle })) as boolean,
        [Symbol.asyncDispose]: closing(handle),
      };
    },
    async openPwm(pwm) {
      const handle = await handleOf({ op: "pwm-open", pwm });
      return {
        label: pwm.label,
        async setDuty(dutyPercent) {
          await call({ op: "pwm-set", handle, dutyPercent });
        },
        [Symbol.asyncDispose]: closing(handle),
      };
    },
    async openTachometer(line, pulsesPerTurn) {
      const handle = await handleOf({ op: "tach-open", line, pulsesPerTurn });
      return {
        label: line.label,
        readRpm: async () =>
          ((await call({ op: "tach-read", handle })) as number | null) ?? undefined,
        [Symbol.asyncDispose]: closing(handle),
      };
    },
    async openWatchdog(device, timeoutS) {
      const handle = await handleOf({ op: "watchdog-open", path: device, timeoutS });
      return {
        timeoutS,
        pet: () => void call({ op: "watchdog-pet", handle }).catch(() => {}),
        disarm: async () => (await call({ op: "watchdog-disarm", handle })) as boolean,
        [Symbol.asyncDispose]: closing(handle),
      };
    },
  };
}

type Call = (request: PortRequest) => Promise<unknown>;

async function openCalls(path: string): Promise<Call> {
  const socket = await connected(path);
  const waiting = new Map<number, Waiting>();
  let nextId = 1;
  let isGone = false;
  const gone = () => new DeviceError("simulated machine", "reach the world", "gone");
  socket.setEncoding("utf8");
  socket.on(
    "data",
    lineReader((line) => {
      const answer = JSON.parse(line) as PortAnswer;
      const asked = waiting.get(answer.id);
      waiting.delete(answer.id);
      if ("error" in answer) asked?.reject(errorOf(answer.error));
      else asked?.resolve(answer.value);
    }) as (chunk: string | Buffer) => void,
  );
  socket.on("error", () => {});
  socket.once("close", () => {
    isGone = true;
    for (const { reject } of waiting.values()) reject(gone());
    waiting.clear();
  });
  // A program that is done need not wait for its world.
  socket.unref();
  return (request) =>
    new Promise((resolve, reject) => {
      if (isGone) return reject(gone());
      const id = nextId++;
      waiting.set(id, { resolve, reject });
      socket.write(`${JSON.stringify({ id, request })}\n`);
    });
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => resolve(socket));
    socket.once("error", (cause) =>
      reject(new DeviceError(path, "reach the simulated machine", "not-found", { cause })),
    );
  });
}

function errorOf(error: Extract<PortAnswer, { error: unknown }>["error"]): Error {
  if (error.code === "other") return new Error(error.message);
  return new DeviceError(error.device, error.operation, error.code, { detail: "simulated" });
}
