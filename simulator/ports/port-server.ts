/** The world's end: serves the simulated machine's ports to whoever connects, and takes their handles back when they go. */
import { createServer, type Server, type Socket } from "node:net";
import { DeviceError } from "../../src/lib/errors.ts";
import type { I2cBus } from "../../src/ports/i2c-bus.ts";
import type {
  InputLine,
  OutputLine,
  PwmOutput,
  Tachometer,
  Watchdog,
} from "../../src/ports/lines.ts";
import type { MachinePlatform } from "../../src/ports/machine-platform.ts";
import { lineReader, type PortAnswer, type PortCall, type PortRequest } from "./port-messages.ts";

type Handle =
  | { readonly is: "i2c"; readonly port: I2cBus }
  | { readonly is: "output"; readonly port: OutputLine }
  | { readonly is: "input"; readonly port: InputLine }
  | { readonly is: "pwm"; readonly port: PwmOutput }
  | { readonly is: "tach"; readonly port: Tachometer }
  | { readonly is: "watchdog"; readonly port: Watchdog };

/** Listens on a Unix socket; resolves when it does. */
export async function servePorts(machine: MachinePlatform, path: string): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    serve(machine, socket, () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function serve(machine: MachinePlatform, socket: Socket, onEnd: () => void): void {
  const handles = new Map<number, Handle>();
  let nextHandle = 1;
  const keep = (handle: Handle): number => {
    handles.set(nextHandle, handle);
    return nextHandle++;
  };
  const answer = (message: PortAnswer) => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
  };
  socket.setEncoding("utf8");
  socket.on(
    "data",
    lineReader((line) => {
      const { id, request } = JSON.parse(line) as PortCall;
      perform(machine, handles, keep, request).then(
        (value) => answer({ id, value: value ?? null }),
        (error: unknown) => answer({ id, error: described(error) }),
      );
    }) as (chunk: string | Buffer) => void,
  );
  socket.on("error", () => {});
  socket.once("close", () => {
    onEnd();
    // Levels stay as they are, as those of real lines do; only whoever comes next may open them again.
    for (const { port } of handles.values()) void port[Symbol.asyncDispose]();
  });
}

async function perform(
  machine: MachinePlatform,
  handles: Map<number, Handle>,
  keep: (handle: Handle) => number,
  request: PortRequest,
): Promise<unknown> {
  const port = <Is extends Handle["is"]>(is: Is, handle: number) => {
    const found = handles.get(handle);
    if (found?.is !== is) throw new Error(`no ${is} has handle ${handle}`);
    return found.port as Extract<Handle, { is: Is }>["port"];
  };
  switch (request.op) {
    case "facts":
      return machine.readFacts();
    case "i2c-open":
      return keep({ is: "i2c", port: await machine.openI2c(request.path) });
    case "i2c-transfer": {
      const { address, write, readLength, handle } = request;
      return [...(await port("i2c", handle).transfer(address, Uint8Array.from(write), readLength))];
    }
    case "output-open":
      return keep({ is: "output", port: await machine.openOutput(request.line, request.active) });
    case "output-set":
      return port("output", request.handle).set(request.active);
    case "input-open":
      return keep({ is: "input", port: await machine.openInput(request.line) });
    case "input-get":
      return port("input", request.handle).get();
    case "pwm-open":
      return keep({ is: "pwm", port: await machine.openPwm(request.pwm) });
    case "pwm-set":
      return port("pwm", request.handle).setDuty(request.dutyPercent);
    case "tach-open": {
      const { line, pulsesPerTurn } = request;
      return keep({ is: "tach", port: await machine.openTachometer(line, pulsesPerTurn) });
    }
    case "tach-read":
      return port("tach", request.handle).readRpm();
    case "watchdog-open":
      return keep({
        is: "watchdog",
        port: await machine.openWatchdog(request.path, request.timeoutS),
      });
    case "watchdog-pet":
      return port("watchdog", request.handle).pet();
    case "watchdog-disarm":
      return port("watchdog", request.handle).disarm();
    case "close": {
      const found = handles.get(request.handle);
      handles.delete(request.handle);
      return found?.port[Symbol.asyncDispose]();
    }
    default:
      return request satisfies never;
  }
}

function described(error: unknown): Extract<PortAnswer, { error: unknown }>["error"] {
  if (error instanceof DeviceError) {
    const { device, operation, code, message } = error;
    return { device, operation, code, message };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { device: "simulated machine", operation: "serve", code: "other", message };
}
