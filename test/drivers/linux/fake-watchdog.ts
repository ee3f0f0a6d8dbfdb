/** The kernel's side of /dev/watchdog: its ioctls from <linux/watchdog.h>, and a clock that resets the board. */

import { readlinkSync } from "node:fs";
import { join } from "node:path";
import type { SystemCalls } from "../../../drivers/linux/gpio-character-device.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import { systemError } from "./fake-gpio-chips.ts";
import type { FakeTree } from "./fake-tree.ts";

export interface FakeWatchdogOptions {
  /** Fixed: it cannot be set. */
  readonly fixedS?: number;
  readonly longestS?: number;
  /** WDIOF_MAGICCLOSE. */
  readonly hasMagicClose?: boolean;
  readonly nowayout?: boolean;
  /** Without CONFIG_WATCHDOG_SYSFS nothing is told beside the device. */
  readonly hasSysfs?: boolean;
}

/** A regular file takes the bytes; `tick` looks at them as the kernel would have at once. */
export class FakeWatchdog implements SystemCalls {
  wasReset = false;
  readonly #tree: FakeTree;
  readonly #clock: Clock;
  readonly #options: FakeWatchdogOptions;
  #timeoutS: number;
  #isRunning = false;
  #pettedMs = 0;
  #seenBytes = 0;

  constructor(tree: FakeTree, clock: Clock, options: FakeWatchdogOptions = {}) {
    this.#tree = tree;
    this.#clock = clock;
    this.#options = options;
    this.#timeoutS = options.fixedS ?? 60;
    tree.add({ "dev/watchdog": "" });
    this.#tell();
    clock.every(100, () => this.tick());
  }

  ioctl(fd: number, request: number, argument: Uint8Array): void {
    if (readlinkSync(`/proc/self/fd/${fd}`) !== join(this.#tree.root, "dev/watchdog"))
      throw systemError("ENOTTY");
    const { fixedS, longestS = 300, hasMagicClose = true } = this.#options;
    const bytes = Buffer.from(argument.buffer, argument.byteOffset, argument.length);
    const [size, type, number] = [
      (request >>> 16) & 0x3fff,
      (request >>> 8) & 0xff,
      request & 0xff,
    ];
    if (type !== 0x57 || size !== bytes.length) throw systemError("ENOTTY");
    if (number === 0 && size === 40) {
      bytes.writeUInt32LE(
        (hasMagicClose ? 0x0100 : 0) | 0x8000 | (fixedS === undefined ? 0x80 : 0),
        0,
      );
    } else if (number === 6) {
      if (fixedS !== undefined) throw systemError("EOPNOTSUPP");
      this.#timeoutS = Math.min(longestS, bytes.readInt32LE(0));
      bytes.writeInt32LE(this.#timeoutS, 0);
      this.#pettedMs = this.#clock.nowMs();
    } else if (number === 7) bytes.writeInt32LE(this.#timeoutS, 0);
    else throw systemError("ENOTTY");
    this.#start();
  }

  stopBlocking(): void {
    throw systemError("EINVAL");
  }

  /** All that was ever written. */
  get written(): string {
    return this.#tree.read("dev/watchdog") ?? "";
  }

  tick(): void {
    const news = this.written.slice(this.#seenBytes);
    this.#seenBytes += news.length;
    if (news.length > 0) this.#start();
    if (news.endsWith("V") && this.#options.nowayout !== true) this.#isRunning = false;
    this.#tell();
    if (this.#isRunning && this.#clock.nowMs() - this.#pettedMs >= this.#timeoutS * 1_000)
      this.wasReset = true;
  }

  #start(): void {
    this.#isRunning = true;
    this.#pettedMs = this.#clock.nowMs();
  }

  #tell(): void {
    if (this.#options.hasSysfs === false) return;
    this.#tree.add({
      "sys/class/watchdog/watchdog0/nowayout": this.#options.nowayout === true ? "1\n" : "0\n",
      "sys/class/watchdog/watchdog0/timeout": `${this.#timeoutS}\n`,
    });
  }
}
