/** A real Mosquitto on a free port of this machine, and a client that remembers what it was told. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";

/** Debian keeps it where only root's PATH looks. */
const program = ["mosquitto", "/usr/sbin/mosquitto"].find(
  (path) => spawnSync(path, ["-h"]).error === undefined,
);

export const hasMosquitto = program !== undefined;

export interface Broker extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
}

export async function startMosquitto(port?: number): Promise<Broker> {
  if (program === undefined) throw new Error("mosquitto is not installed");
  const listenPort = port ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), "mosquitto-"));
  const file = join(folder, "mosquitto.conf");
  writeFileSync(
    file,
    `listener ${listenPort} 127.0.0.1\nallow_anonymous true\npersistence false\n`,
  );
  const child = spawn(program, ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
  await saysRunning(child);
  return {
    port: listenPort,
    url: `mqtt://127.0.0.1:${listenPort}`,
    async [Symbol.asyncDispose]() {
      const exited = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode === null) {
        child.kill("SIGTERM");
        await exited;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function saysRunning(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes("running")) resolve();
    });
    child.once("exit", () => reject(new Error(`mosquitto ended: ${said}`)));
    child.once("error", reject);
  });
}

/** Of this moment; a broker has to be told which. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
    });
  });
}

export interface Listener extends AsyncDisposable {
  /** The last message of each topic. */
  readonly last: ReadonlyMap<string, string>;
  publish(topic: string, payload: string, options?: { readonly retain: boolean }): Promise<void>;
  /** Resolves when a message of `topic`, one that came already or a later one, satisfies `wanted`. */
  wait(topic: string, wanted?: (payload: string) => boolean): Promise<string>;
}

export async function listenTo(url: string, topics = "#"): Promise<Listener> {
  const client: MqttClient = await connectAsync(url, { reconnectPeriod: 0 });
  const last = new Map<string, string>();
  const waiting = new Set<() => void>();
  client.on("message", (topic, payload) => {
    last.set(topic, payload.toString());
    for (const look of [...waiting]) look();
  });
  client.on("error", () => {});
  await client.subscribeAsync(topics);
  return {
    last,
    publish: async (topic, payload, options = { retain: false }) => {
      await client.publishAsync(topic, payload, { qos: 1, ...options });
    },
    wait: (topic, wanted = () => true) =>
      new Promise((resolve) => {
        const look = () => {
          const payload = last.get(topic);
          if (payload === undefined || !wanted(payload)) return;
          waiting.delete(look);
          resolve(payload);
        };
        waiting.add(look);
        look();
      }),
    [Symbol.asyncDispose]: () => client.endAsync(true),
  };
}
