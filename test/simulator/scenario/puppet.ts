/** A device on strings: says what a test wants it to say, over plaintext Stratum V2 or Stratum V1, in virtual time. */
import { nodeAead } from "../../../firmware/node-aead.ts";
import { readScenario } from "../../../simulator/scenario/read.ts";
import { runScenario, type ScenarioResult } from "../../../simulator/scenario/run-scenario.ts";
import type { ScenarioPorts } from "../../../simulator/scenario/stage.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import type { ByteStream } from "../../../src/ports/byte-stream.ts";
import { PlainFrames } from "../../../src/sv2/frame.ts";
import {
  decodeMessage,
  encodeMessage,
  type MiningProtocolMessage,
  protocolMessages,
} from "../../../src/sv2/protocols.ts";
import { AUTHORITY, fixedEntropy } from "../../support/scripted-server.ts";
import { VirtualNetwork } from "../../support/virtual-network.ts";

const HOST = "pool.test";
const FIRST_PORT = 1_000;

export class Puppet {
  readonly stream: ByteStream;
  readonly received: MiningProtocolMessage[] = [];
  readonly lines: string[] = [];
  readonly chunks: Uint8Array[] = [];
  ended = false;
  onMessage: (message: MiningProtocolMessage) => void = () => {};
  onLine: (line: Record<string, unknown>) => void = () => {};
  readonly #frames = new PlainFrames();
  #text = "";

  constructor(stream: ByteStream, protocol: "sv2" | "sv1") {
    this.stream = stream;
    stream.onEnd(() => {
      this.ended = true;
    });
    stream.onData((chunk) => {
      this.chunks.push(chunk.slice());
      if (protocol === "sv1") this.#takeText(new TextDecoder().decode(chunk));
      else this.#takeFrames(chunk);
    });
  }

  send(name: MiningProtocolMessage["name"], values: Record<string, unknown>): void {
    const spec = protocolMessages.mining.find((one) => one.name === name);
    if (spec === undefined) throw new Error(name);
    const frame = encodeMessage(spec as never, values as never);
    this.stream.write(this.#frames.encode(frame));
  }

  say(value: unknown): void {
    this.stream.write(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
  }

  setUp(values: Record<string, unknown> = {}): void {
    this.send("SetupConnection", {
      protocol: 0,
      minVersion: 2,
      maxVersion: 2,
      flags: 5,
      endpointHost: HOST,
      endpointPort: FIRST_PORT,
      vendor: "puppet",
      hardwareVersion: "",
      firmware: "",
      deviceId: "",
      ...values,
    });
  }

  open(requestId = 1): void {
    this.send("OpenStandardMiningChannel", {
      requestId,
      userIdentity: "u",
      nominalHashRate: 1e12,
      maxTarget: new Uint8Array(32).fill(0xff),
    });
  }

  /** Right where every hash meets the target. */
  share(values: Record<string, unknown> = {}): void {
    this.send("SubmitSharesStandard", {
      channelId: 2,
      sequenceNumber: 1,
      jobId: 1,
      nonce: 1,
      ntime: 1_750_000_000,
      version: 0x20000000,
      ...values,
    });
  }

  /** Sets up, opens a channel, and calls back with each job's previous hash. */
  mine(onTip: (tip: Extract<MiningProtocolMessage, { name: "SetNewPrevHash" }>) => void): this {
    this.setUp();
    this.onMessage = (message) => {
      if (message.name === "SetupConnection.Success") this.open();
      if (message.name === "SetNewPrevHash") onTip(message);
    };
    return this;
  }

  #takeFrames(chunk: Uint8Array): void {
    try {
      this.#frames.receive(chunk, (frame) => {
        const message = decodeMessage("mining", frame);
        if (message === undefined) return;
        this.received.push(message);
        this.onMessage(message);
      });
    } catch {
      this.stream.destroy();
    }
  }

  #takeText(text: string): void {
    this.#text += text;
    const lines = this.#text.split("\n");
    this.#text = lines.pop() ?? "";
    for (const line of lines) {
      this.lines.push(line);
      try {
        this.onLine(JSON.parse(line) as Record<string, unknown>);
      } catch {
        // Nonsense is part of what scenarios send.
      }
    }
  }
}

export interface Strings {
  readonly clock: VirtualClock;
  /** `place` counts from 0, the main one. */
  connect(place?: number): Promise<Puppet>;
}

/** Plays a scenario's text with a puppet for a device. */
export async function play(
  text: string,
  device: (strings: Strings) => Promise<void>,
): Promise<ScenarioResult> {
  const scenario = readScenario(text, "test.yaml");
  const clock = new VirtualClock({ unixSeconds: 1_750_000_000 });
  const network = new VirtualNetwork({ clock, latencyMs: 1 });
  const ports: ScenarioPorts = {
    clock,
    entropy: fixedEntropy(3),
    aead: nodeAead,
    authoritySecret: AUTHORITY.secret,
    // Every hash is a share.
    v1Difficulty: 2e-10,
    async listen(place, onConnection) {
      const port = FIRST_PORT + scenario.places.indexOf(place);
      const listener = network.listen(HOST, port, onConnection);
      return { host: HOST, port, close: () => listener[Symbol.dispose]() };
    },
  };
  const outcome: { result?: ScenarioResult; error?: unknown } = {};
  const note = runScenario(scenario, ports).then(
    (result) => {
      outcome.result = result;
    },
    (error: unknown) => {
      outcome.error = error;
    },
  );
  const strings: Strings = {
    clock,
    async connect(place = 0) {
      const protocol = scenario.places[place]?.protocol ?? "sv2";
      const stream = await network.dial(HOST, FIRST_PORT + place, new AbortController().signal);
      return new Puppet(stream, protocol);
    },
  };
  await clock.advance(1);
  const ended = device(strings).catch((error: unknown) => {
    outcome.error ??= error;
  });
  while (outcome.result === undefined && outcome.error === undefined) await clock.advance(50);
  await Promise.all([note, clock.advance(1_000)]);
  void ended;
  if (outcome.result === undefined) throw outcome.error;
  return outcome.result;
}
