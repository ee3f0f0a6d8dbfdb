import { execFile } from "node:child_process";
import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { openUart } from "../../drivers/linux/uart.ts";
import { openPty, type Pty } from "../../simulator/pty.ts";
import { joined, patternBytes } from "../contracts/define-test.ts";
import { bundleForChild } from "../support/child-program.ts";

const run = promisify(execFile);
const LIKE_A_HOST = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;

test("the line is raw from the start: nothing is echoed, translated or interpreted", async () => {
  const pty = await ptyForTest();
  const host = hostOf(pty);
  const delicate = Uint8Array.of(0x03, 0x00, 0x0a, 0x0d, 0x11, 0x13, 0x1a, 0x7f, 0xff, 0x04);
  pty.write(delicate);
  expect(await readFrom(host, 10)).toEqual([...delicate]);
  const atDevice: number[] = [];
  pty.onData((chunk) => atDevice.push(...chunk));
  writeSync(host, delicate);
  await expect.poll(() => atDevice).toEqual([...delicate]);
});

test("hosts may come, go and come again; what was written for them waits", async () => {
  const pty = await ptyForTest();
  const atDevice: number[] = [];
  pty.onData((chunk) => atDevice.push(...chunk));
  pty.write(Uint8Array.of(1));
  for (const value of [2, 3]) {
    const host = openSync(pty.path, LIKE_A_HOST);
    expect(await readFrom(host, 1)).toEqual([value - 1]);
    writeSync(host, Uint8Array.of(value));
    await expect.poll(() => atDevice.at(-1)).toBe(value);
    closeSync(host);
    pty.write(Uint8Array.of(value));
  }
});

test("the host's baud rate can be read at any time, also an odd one", async () => {
  const pty = await ptyForTest();
  for (const baudRate of [115_200, 1_041_667, 3_125_000, 4_000_000]) {
    await using _uart = await openUart(pty.path, baudRate);
    expect(pty.hostBaudRate()).toBe(baudRate);
  }
});

test("writes that the kernel takes only in part arrive whole and in order", async () => {
  const pty = await ptyForTest();
  const sent = patternBytes(300_000);
  for (let at = 0; at < sent.length; at += 777) pty.write(sent.subarray(at, at + 777));
  expect(await readFrom(hostOf(pty), sent.length)).toEqual([...sent]);
});

test("while nobody reads, memory does not grow without end: what is too much is lost, the rest is whole", async () => {
  const pty = await ptyForTest();
  const block = new Uint8Array(1 << 20);
  for (let value = 1; value <= 12; value++) pty.write(block.fill(value));
  const chunks: Uint8Array[] = [];
  let length = 0;
  await using uart = await openUart(pty.path, 115_200);
  uart.onReceive((chunk) => {
    chunks.push(chunk.slice());
    length += chunk.length;
  });
  pty.write(Uint8Array.of(99));
  let last = -1;
  await expect
    .poll(
      () => {
        const isStill = length > 0 && length === last;
        last = length;
        return isStill;
      },
      { interval: 100, timeout: 10_000 },
    )
    .toBe(true);
  const bytes = joined(chunks, length);
  expect(length).toBeLessThan(6 << 20);
  expect(bytes.every((byte, at) => at === 0 || byte >= (bytes[at - 1] as number))).toBe(true);
});

test("closing hangs up on the host, closes every descriptor, and may be repeated", async () => {
  const before = ttyDescriptors();
  const pty = await openPty();
  pty.onData(() => {});
  const host = openSync(pty.path, LIKE_A_HOST);
  await Promise.all([pty.close(), pty.close()]);
  await pty.close();
  pty.write(Uint8Array.of(1));
  expect(pty.hostBaudRate()).toBe(0);
  expect(() => writeSync(host, Uint8Array.of(1))).toThrow("EIO");
  closeSync(host);
  expect(ttyDescriptors()).toBe(before);
});

test("a program with a PTY that nobody opened ends when it closes it", async () => {
  const program = await bundleForChild(`
    import { openPty } from "./simulator/pty.ts";
    const pty = await openPty();
    pty.onData(() => {});
    pty.write(new Uint8Array(100_000));
    setImmediate(() => pty.close().then(() => console.log("closed")));
  `);
  const { stdout } = await run(process.execPath, [program], { timeout: 10_000 });
  expect(stdout).toBe("closed\n");
});

test("without the package koffi the error names it", async () => {
  const program = await bundleForChild(
    `
    import { openPty } from "./simulator/pty.ts";
    await openPty().catch((error) => console.log(error.message));
    `,
    { withPackages: false },
  );
  const { stdout } = await run(process.execPath, [program], { timeout: 10_000 });
  expect(stdout).toContain('pty: open: refused (the optional package "koffi" is not installed');
});

async function ptyForTest(): Promise<Pty> {
  const pty = await openPty();
  onTestFinished(() => pty.close());
  return pty;
}

/** A host that changes no settings. */
function hostOf(pty: Pty): number {
  const fd = openSync(pty.path, LIKE_A_HOST);
  onTestFinished(() => closeSync(fd));
  return fd;
}

async function readFrom(fd: number, length: number): Promise<number[]> {
  const buffer = new Uint8Array(length);
  let filled = 0;
  const readMore = () => {
    try {
      filled += readSync(fd, buffer, filled, length - filled, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
    return filled;
  };
  await expect.poll(readMore, { interval: 1, timeout: 10_000 }).toBe(length);
  return [...buffer];
}

function ttyDescriptors(): number {
  const targets = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ""; // the descriptor that read the folder is closed by now
    }
  });
  return targets.filter((target) => /^\/dev\/(pts|ptmx)/.test(target)).length;
}
