/** QEMU's machine protocol: one JSON object per line, https://www.qemu.org/docs/master/interop/qmp-spec.html. */
import { createConnection, type Socket } from "node:net";

export interface QmpEvent {
  readonly event: string;
  readonly data?: unknown;
}

interface Answer {
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly event?: string;
  readonly data?: unknown;
  readonly QMP?: unknown;
}

interface Waiting {
  readonly command: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class QmpClient implements Disposable {
  readonly #socket: Socket;
  readonly #onEvent: (event: QmpEvent) => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #greeted: Promise<unknown>;
  #lastId = 0;
  #end: Error | undefined;

  private constructor(socket: Socket, onEvent: (event: QmpEvent) => void) {
    this.#socket = socket;
    this.#onEvent = onEvent;
    this.#greeted = new Promise((resolve, reject) => {
      this.#waiting.set(0, { command: "the greeting", resolve, reject });
    });
    this.#greeted.catch(() => {});
    let unfinished = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      const lines = `${unfinished}${chunk}`.split("\n");
      unfinished = lines.pop() ?? "";
      for (const line of lines) this.#take(line);
    });
    socket.on("error", (error) => this.#over(error));
    socket.on("close", () => this.#over(new Error("QEMU closed the connection")));
  }

  /** Resolves when commands are taken. Rejects with the system's error, or when the other end is no QEMU. */
  static async connect(
    path: string,
    onEvent: (event: QmpEvent) => void = () => {},
  ): Promise<QmpClient> {
    const client = new QmpClient(createConnection(path), onEvent);
    try {
      await client.#greeted;
      await client.execute("qmp_capabilities");
      return client;
    } catch (error) {
      client[Symbol.dispose]();
      throw error;
    }
  }

  /** Rejects with what QEMU answered, naming the command. */
  execute(command: string, options: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    if (this.#end !== undefined) return Promise.reject(failure(command, this.#end.message));
    this.#lastId++;
    const id = this.#lastId;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { command, resolve, reject });
    });
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: options, id })}\n`);
    return answer;
  }

  async setProperty(path: string, property: string, value: unknown): Promise<void> {
    await this.execute("qom-set", { path, property, value });
  }

  /** The text that QEMU's monitor for people prints. */
  async monitor(line: string): Promise<string> {
    const text = await this.execute("human-monitor-command", { "command-line": line });
    return `${text}`;
  }

  /** 32 bits at a physical address of the guest, devices included. */
  async readWord(address: number): Promise<number> {
    const text = await this.monitor(`xp /1xw 0x${address.toString(16)}`);
    const word = /: 0x([0-9a-f]{8})/.exec(text)?.[1];
    if (word === undefined) throw failure("xp", `answered "${text.trim()}"`);
    return Number.parseInt(word, 16);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
    this.#over(new Error("closed"));
  }

  #take(line: string): void {
    let answer: Answer;
    try {
      answer = JSON.parse(line) as Answer;
    } catch {
      this.#socket.destroy();
      this.#over(new Error(`not QMP: ${line.slice(0, 80)}`));
      return;
    }
    if (answer.event !== undefined) this.#onEvent({ event: answer.event, data: answer.data });
    const id = answer.QMP === undefined ? answer.id : 0;
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (id === undefined || waiting === undefined) return;
    this.#waiting.delete(id);
    if (answer.error === undefined) waiting.resolve(answer.return);
    else waiting.reject(failure(waiting.command, answer.error.desc));
  }

  #over(reason: Error): void {
    this.#end ??= reason;
    const { message } = this.#end;
    for (const { command, reject } of this.#waiting.values()) reject(failure(command, message));
    this.#waiting.clear();
  }
}

function failure(command: string, why: string): Error {
  return new Error(`QMP, ${command}: ${why}`);
}
