import { execFile } from "node:child_process";
import { pbkdf2 } from "node:crypto";
import { chmodSync, readdirSync, readlinkSync, readSync, stat } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { openUart } from "../../../drivers/linux/uart.ts";
import { openPty, type Pty } from "../../../simulator/pty.ts";
import { DeviceError } from "../../../src/lib/errors.ts";
import type { Uart } from "../../../src/ports/uart.ts";
import { bundleForChild } from "../../support/child-program.ts";

const run = promisify(execFile);

describe("opening", () => {
  test("a path that is not there is not found", async () => {
    await expect(openUart("/dev/ttyNone7", 115_200)).rejects.toThrow(
      "/dev/ttyNone7: open: not-found (ENOENT)",
    );
  });

  test.each(["/dev/null", "/etc/hostname", "/tmp"])("%s is refused: not a tty", async (path) => {
    await expect(openUart(path, 115_200)).rejects.toMatchObject({ code: "refused", device: path });
  });

  test("a tty without permission is refused, with the system's code", async () => {
    const pty = await ptyForTest();
    chmodSync(pty.path, 0o000);
    await withoutPrivileges(() =>
      expect(openUart(pty.path, 115_200)).rejects.toThrow(`${pty.path}: open: refused (EACCES)`),
    );
  });

  test("a user with no other right than that to the tty can use it", async () => {
    const pty = await ptyForTest();
    chmodSync(pty.path, 0o666);
    const uart = await withoutPrivileges(() => openUart(pty.path, 3_125_000));
    onTestFinished(() => uart[Symbol.asyncDispose]());
    // More than the kernel holds: were the writes blocking, this call would never return.
    for (let i = 0; i < 700; i++) uart.send(new Uint8Array(88));
    expect(readNow(pty, 88)).toHaveLength(88);
  });

  test.each([0, -9_600, 1.5, Number.NaN])("%d baud is refused by name", async (baudRate) => {
    const pty = await ptyForTest();
    await expect(openUart(pty.path, baudRate)).rejects.toThrow(`refused (${baudRate} baud`);
    expect(descriptorsOf(pty)).toBe(1);
  });

  test("a second user is told that it is busy, while bytes flow and until the first has closed", async () => {
    const pty = await ptyForTest();
    const uart = await openUart(pty.path, 115_200);
    let echoed = 0;
    pty.onData((chunk) => pty.write(chunk));
    uart.onReceive((chunk) => {
      echoed += chunk.length;
    });
    uart.send(Uint8Array.of(1, 2, 3));
    await expect.poll(() => echoed).toBe(3);
    await expect(openUart(pty.path, 115_200)).rejects.toMatchObject({ code: "busy" });
    await uart[Symbol.asyncDispose]();
    const next = await openUart(pty.path, 115_200);
    await next[Symbol.asyncDispose]();
  });

  test("a terminal in its usual line mode becomes raw", async () => {
    const pty = await ptyForTest();
    await run("stty", ["-F", pty.path, "sane"]);
    const uart = await uartForTest(pty);
    const delicate = Uint8Array.of(0x03, 0x00, 0x0a, 0x0d, 0x11, 0x13, 0x1a, 0x7f, 0xff, 0x04);
    const atHost: number[] = [];
    const atDevice: number[] = [];
    uart.onReceive((chunk) => atHost.push(...chunk));
    pty.onData((chunk) => atDevice.push(...chunk));
    uart.send(delicate);
    pty.write(delicate);
    await expect.poll(() => [atHost.length, atDevice.length]).toEqual([10, 10]);
    expect(atHost).toEqual([...delicate]);
    expect(atDevice).toEqual([...delicate]);
  });

  test("opening and closing leaves no descriptor behind, however it ends", async () => {
    const pty = await ptyForTest();
    for (let i = 0; i < 5; i++) {
      const uart = await openUart(pty.path, 115_200);
      uart.onReceive(() => {});
      uart.send(Uint8Array.of(i));
      await expect(openUart(pty.path, 115_200)).rejects.toThrow(DeviceError);
      await uart[Symbol.asyncDispose]();
    }
    expect(descriptorsOf(pty)).toBe(1);
  });

  test("a device that is gone leaves no descriptor behind, although nobody closes it", async () => {
    const pty = await openPty();
    const uart = await openUart(pty.path, 115_200);
    uart.onReceive(() => {});
    await pty.close();
    await expect.poll(() => descriptorsOf(pty)).toBe(0);
    await uart[Symbol.asyncDispose]();
  });
});

describe("the hot path", () => {
  test("what is sent is in the kernel when send returns, several frames in one tick", async () => {
    const pty = await ptyForTest();
    const uart = await uartForTest(pty);
    const frames = [1, 2, 3].map((value) => new Uint8Array(88).fill(value));
    for (const frame of frames) uart.send(frame);
    // No turn of the event loop in between: only the kernel can have moved them.
    expect(readNow(pty, 264)).toEqual(frames.flatMap((frame) => [...frame]));
  });

  test("bytes flow both ways while the thread pool has no thread to spare", async () => {
    const pty = await ptyForTest();
    const uart = await uartForTest(pty);
    pty.onData((chunk) => pty.write(chunk));
    const hash = promisify(pbkdf2);
    const pool = Array.from({ length: 8 }, () => hash("password", "salt", 300_000, 64, "sha512"));
    let hasFreeThread = false;
    stat("/", () => {
      hasFreeThread = true;
    });
    const tripsMs: number[] = [];
    for (let i = 0; i < 21; i++) tripsMs.push(await roundTripMs(uart));
    expect(hasFreeThread).toBe(false);
    tripsMs.sort((a, b) => a - b);
    expect(tripsMs[10]).toBeLessThan(50);
    await Promise.all(pool);
  });
});

test("a far end that reads nothing is gone, once, before the queue holds more than 64 KiB", async () => {
  const pty = await ptyForTest();
  const uart = await uartForTest(pty);
  const reasons: string[] = [];
  uart.onGone((reason) => reasons.push(`${reason.code} ${reason.message}`));
  const text = `gone ${pty.path}: write: gone (takes no more bytes)`;
  for (let i = 0; i < 2_000; i++) uart.send(new Uint8Array(88));
  const draining = uart.drain();
  await expect(draining).rejects.toMatchObject({ code: "gone" });
  await expect.poll(() => reasons).toEqual([text]);
  uart.send(new Uint8Array(88));
  await uart[Symbol.asyncDispose]();
  expect(reasons).toEqual([text]);
  expect(descriptorsOf(pty)).toBe(1);
});

test("a change to a common rate loses nothing that the far end has not read yet", async () => {
  const pty = await ptyForTest();
  const uart = await uartForTest(pty);
  // More than the far end's buffer holds, so the rest is still on its way when the rate changes.
  uart.send(new Uint8Array(8_000));
  await uart.setBaudRate(1_000_000);
  let received = 0;
  pty.onData((chunk) => {
    received += chunk.length;
  });
  await expect.poll(() => received).toBe(8_000);
  expect(pty.hostBaudRate()).toBe(1_000_000);
});

describe("in a process of its own", () => {
  test("a program that opens, talks and closes ends by itself", async () => {
    const pty = await ptyForTest();
    pty.onData((chunk) => pty.write(chunk));
    const program = await bundleForChild(
      `
      import { openUart } from "./drivers/linux/uart.ts";
      const uart = await openUart(process.argv[2], 115_200);
      await new Promise((resolve) => {
        uart.onReceive(resolve);
        uart.send(Uint8Array.of(1));
      });
      await uart.setBaudRate(3_125_000);
      await uart[Symbol.asyncDispose]();
      console.log("closed");
      `,
    );
    const { stdout } = await run(process.execPath, [program, pty.path], { timeout: 10_000 });
    expect(stdout).toBe("closed\n");
  });

  test("a program whose device vanishes is told so and ends by itself, without closing", async () => {
    const pty = await openPty();
    pty.onData(() => void pty.close());
    const program = await bundleForChild(
      `
      import { openUart } from "./drivers/linux/uart.ts";
      const uart = await openUart(process.argv[2], 115_200);
      uart.onGone((reason) => console.log(reason.message));
      uart.onReceive(() => {});
      uart.send(Uint8Array.of(1));
      `,
    );
    const { stdout } = await run(process.execPath, [program, pty.path], { timeout: 10_000 });
    expect(stdout).toBe(`${pty.path}: read: gone\n`);
  });

  test("without the package serialport the error names it", async () => {
    const program = await bundleForChild(
      `
      import { openUart } from "./drivers/linux/uart.ts";
      await openUart("/dev/ttyS0", 115_200).catch((error) => console.log(error.message));
      `,
      { withPackages: false },
    );
    const { stdout } = await run(process.execPath, [program], { timeout: 10_000 });
    expect(stdout).toContain('/dev/ttyS0: open: refused (the optional package "serialport"');
  });
});

async function ptyForTest(): Promise<Pty> {
  const pty = await openPty();
  onTestFinished(() => pty.close());
  return pty;
}

async function uartForTest(pty: Pty): Promise<Uart> {
  const uart = await openUart(pty.path, 115_200);
  onTestFinished(() => uart[Symbol.asyncDispose]());
  return uart;
}

function roundTripMs(uart: Uart): Promise<number> {
  return new Promise((resolve) => {
    const startMs = performance.now();
    const subscription = uart.onReceive(() => {
      subscription[Symbol.dispose]();
      resolve(performance.now() - startMs);
    });
    uart.send(Uint8Array.of(0x55));
  });
}

/** Reads the master without letting the event loop turn; the kernel's own worker may need a moment. */
function readNow(pty: Pty, length: number): number[] {
  const buffer = new Uint8Array(length);
  const startMs = performance.now();
  let filled = 0;
  while (filled < length && performance.now() - startMs < 2_000) {
    try {
      filled += readSync(pty.fd, buffer, filled, length - filled, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
  return [...buffer.subarray(0, filled)];
}

/** Descriptors of this process that refer to the slave; the PTY itself holds one. */
function descriptorsOf(pty: Pty): number {
  const targets = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ""; // the descriptor that read the folder is closed by now
    }
  });
  return targets.filter((target) => target.replace(" (deleted)", "") === pty.path).length;
}

/** Root may open everything, so as root we are nobody for a moment; the packages are loaded before. */
async function withoutPrivileges<T>(act: () => Promise<T>): Promise<T> {
  await import("serialport");
  if (process.getuid?.() !== 0) return act();
  process.seteuid?.(65_534);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
  }
}
