/** A Stratum V1 server that answers well, badly or not at all, and says whatever a history has it say. */
import type { ByteStream } from "../../../src/ports/byte-stream.ts";
import { type HistoryServer, HOST, OTHER_HOST, PORT } from "./play.ts";
import type { Step } from "./step.ts";

export const answerModes = ["good", "error", "silent", "nonsense", "closes"] as const;
export type AnswerMode = (typeof answerModes)[number];

interface Client {
  readonly stream: ByteStream;
  readonly shareIds: number[];
  isOver: boolean;
  isAuthorized: boolean;
}

export class V1Server implements HistoryServer {
  #client: Client | undefined;
  #configure: AnswerMode = "good";
  #subscribe: AnswerMode = "good";
  #authorize: AnswerMode = "good";
  #jobs = 100;

  get stream(): ByteStream | undefined {
    return this.#client?.stream;
  }

  accept(stream: ByteStream): void {
    const client: Client = { stream, shareIds: [], isOver: false, isAuthorized: false };
    this.#client = client;
    let held = "";
    stream.onEnd(() => {
      client.isOver = true;
    });
    stream.onData((chunk) => {
      held += new TextDecoder().decode(chunk);
      const lines = held.split("\n");
      held = lines.pop() ?? "";
      for (const line of lines) this.#answer(client, line);
    });
  }

  heal(): void {
    this.#configure = "good";
    this.#subscribe = "good";
    this.#authorize = "good";
  }

  giveWork(): void {
    if (this.#client?.isAuthorized === true) this.#notify(`h${++this.#jobs}`, this.#jobs, true);
  }

  storm(kind: number, number: number): void {
    const text = `${number}-${"x".repeat(1_000)}`;
    [
      () => this.#notify(`s${number}`, number, true, number),
      () => this.#notify(`s${number}`, 1, false, number),
      () => this.#tell("mining.set_difficulty", [number + 1]),
      () => this.#tell("mining.set_extranonce", [hexOf(number, 8), number % 9]),
      () => this.#tell("mining.set_version_mask", [(number << 13).toString(16).padStart(8, "0")]),
      () => this.#tell("client.show_message", [text]),
      () => this.#tell(`mining.m${text.slice(0, 200)}`, [text]),
      () => this.#say(JSON.stringify({ id: 1e6 + number, result: text, error: null })),
      () => this.#say(JSON.stringify({ id: text.slice(0, 90), method: "client.get_version" })),
    ][kind % 9]?.();
  }

  take(step: Step): void {
    if (step.do === "mode") {
      this.#configure = answerModes[step.a % 5] ?? "good";
      this.#subscribe = answerModes[Math.floor(step.a / 5) % 5] ?? "good";
      this.#authorize = answerModes[step.b % 5] ?? "good";
    }
    const client = this.#client;
    if (client === undefined || client.isOver) return;
    switch (step.do) {
      case "job":
        this.#notify(`j${step.a & 3}`, step.b & 3, (step.b & 4) !== 0, step.b >> 3);
        break;
      case "difficulty":
        this.#tell("mining.set_difficulty", [[1, 512, 0.001, 1e15, 2 ** -32][step.a] ?? 1]);
        break;
      case "extranonce":
        this.#tell("mining.set_extranonce", [hexOf(0xe0 + (step.b & 3), 4), step.a & 15]);
        break;
      case "mask":
        this.#tell("mining.set_version_mask", [
          ["1fffe000", "00000000", "00c00000"][step.a] ?? "1fffe000",
        ]);
        break;
      case "reconnect":
        this.#tell("client.reconnect", [
          ["", HOST, OTHER_HOST, "10.1.2.3", "pool.elsewhere.example"][step.a] ?? "",
          PORT,
          step.b,
        ]);
        break;
      case "answer":
        this.#answerShares(client, step.a, step.b);
        break;
      case "line":
        this.#say(step.text);
        break;
      case "raw":
        client.stream.write(step.bytes);
        break;
    }
  }

  /** `variant` changes what the name stands for. */
  #notify(name: string, tip: number, clean: boolean, variant = 0): void {
    this.#tell("mining.notify", [
      name,
      hexOf(0xa0 + (tip & 63), 32),
      hexOf(0x10 + (variant & 1), 41),
      hexOf(0x20, 20),
      variant > 1 ? [hexOf(0x33, 32), hexOf(0x44, 32)] : [],
      "20000000",
      "1d00ffff",
      (0x66000000 + variant).toString(16),
      clean,
    ]);
  }

  #tell(method: string, params: readonly unknown[]): void {
    this.#say(JSON.stringify({ id: null, method, params }));
  }

  #say(line: string): void {
    const { stream, isOver } = this.#client ?? { isOver: true };
    if (!isOver) stream?.write(new TextEncoder().encode(`${line}\n`));
  }

  #answer(client: Client, line: string): void {
    const { id, method } = JSON.parse(line) as { id: number; method?: string };
    const reply = (mode: AnswerMode, result: unknown) => {
      if (mode === "silent") return;
      if (mode === "closes") client.stream.close();
      else if (mode === "nonsense") this.#say(`{"id":${id},"result":[[],{}],"error":null}`);
      else if (mode === "error")
        this.#say(`{"id":${id},"result":null,"error":[20,"Other/Unknown",null]}`);
      else this.#say(JSON.stringify({ id, result, error: null }));
    };
    switch (method) {
      case "mining.configure":
        reply(this.#configure, {
          "version-rolling": true,
          "version-rolling.mask": "1fffe000",
          "subscribe-extranonce": true,
        });
        break;
      case "mining.subscribe":
        reply(this.#subscribe, [[["mining.notify", "ae68"]], "e0e0e0e0", 4]);
        break;
      case "mining.authorize":
        client.isAuthorized = this.#authorize === "good";
        reply(this.#authorize, true);
        break;
      case "mining.submit":
        client.shareIds.push(id);
        break;
      case undefined:
        break;
      default:
        reply("good", true);
    }
  }

  /** 0: accepted; 1: refused; 2: a bare false; 3: accepted twice; 4: in reverse order. */
  #answerShares(client: Client, how: number, limit: number): void {
    const ids = client.shareIds.splice(0, limit === 0 ? client.shareIds.length : limit);
    for (const id of how === 4 ? ids.toReversed() : ids) {
      const good = JSON.stringify({ id, result: true, error: null });
      if (how === 1) this.#say(`{"id":${id},"result":null,"error":[21,"Job not found",null]}`);
      else if (how === 2) this.#say(`{"id":${id},"result":false,"error":null}`);
      else this.#say(good);
      if (how === 3) this.#say(good);
    }
  }
}

/** The same byte over and over. */
function hexOf(fill: number, length: number): string {
  return (fill & 0xff).toString(16).padStart(2, "0").repeat(length);
}
