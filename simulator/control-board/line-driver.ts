/** Levels on input lines, through the protocol of QEMU's own tests: one command per line, "OK" for each. */
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";

export class LineDriver implements Disposable {
  readonly #socket: Socket;
  readonly #waiting: ((answer: string) => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    let unfinished = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      const lines = `${unfinished}${chunk}`.split("\n");
      unfinished = lines.pop() ?? "";
      // Lines that begin otherwise tell of interrupts and answer nothing.
      for (const line of lines) if (/^(OK|FAIL|ERR)/.test(line)) this.#waiting.shift()?.(line);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      for (const answer of this.#waiting.splice(0)) answer("QEMU closed the connection");
    });
  }

  static async connect(path: string): Promise<LineDriver> {
    const socket = createConnection(path);
    await once(socket, "connect");
    return new LineDriver(socket);
  }

  /** Rejects with what QEMU answered. */
  async set(bank: number, line: number, level: 0 | 1): Promise<void> {
    const answer = new Promise<string>((resolve) => this.#waiting.push(resolve));
    this.#socket.write(`set_irq_in /machine/soc/gpio${bank} unnamed-gpio-in ${line} ${level}\n`);
    const said = await answer;
    if (!said.startsWith("OK")) throw new Error(`line ${line} of GPIO${bank}: ${said}`);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
