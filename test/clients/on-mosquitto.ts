/** A real Mosquitto between us and a listener: what Home Assistant would find, and whether it can command. */
import { startMqtt } from "../../firmware/operator/mqtt.ts";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import { systemEntropy } from "../../firmware/platform/system-entropy.ts";
import { silentLog } from "../../src/lib/log.ts";
import type { Rows } from "../interop/rows.ts";
import type { OperatedSubject } from "./operated-subject.ts";

const WITHIN_MS = 10_000;

export async function checkMosquitto(
  { machine: { device } }: OperatedSubject,
  rows: Rows,
): Promise<void> {
  // Looks for the program when it is loaded.
  const { listenTo, startMosquitto } = await import("../operator/mosquitto.ts");
  await using broker = await startMosquitto();
  await using listener = await listenTo(broker.url);
  const mqtt = startMqtt({
    device,
    config: {
      url: broker.url,
      topic: "asicd",
      discoveryPrefix: "homeassistant",
      control: true,
      intervalS: 1,
    },
    clock: new SystemClock(),
    entropy: systemEntropy,
    log: silentLog,
  });
  const topic = (end: string) => {
    const found = [...listener.last.keys()].find((name) => name.endsWith(end));
    return found ?? "";
  };
  const comes = async (isSo: () => boolean): Promise<boolean> => {
    const untilMs = performance.now() + WITHIN_MS;
    while (!isSo() && performance.now() < untilMs)
      await new Promise((resolve) => setTimeout(resolve, 20));
    return isSo();
  };
  const state = () =>
    JSON.parse(listener.last.get(topic("/state")) ?? "{}") as Readonly<Record<string, unknown>>;

  const isTold = await comes(() => topic("/config") !== "" && topic("/state") !== "");
  const message = JSON.parse(listener.last.get(topic("/config")) ?? "{}") as {
    readonly cmps?: Readonly<Record<string, unknown>>;
  };
  const count = Object.keys(message.cmps ?? {}).length;
  rows.add("Mosquitto gets discovery and state", isTold && count > 10, `${count} entities`);
  rows.add(
    "the state says what the machine does",
    state()["mine"] === (device.status().paused ? "OFF" : "ON"),
    `mine: ${state()["mine"]}, state: ${state()["state"]}`,
  );
  const base = topic("/state").replace(/\/state$/, "");
  for (const [word, paused] of [
    ["OFF", true],
    ["ON", false],
  ] as const) {
    await listener.publish(`${base}/set/mine`, word);
    const isDone = await comes(() => device.status().paused === paused && state()["mine"] === word);
    rows.add(`a command by MQTT: mine ${word}`, isDone, `paused: ${device.status().paused}`);
  }
  await mqtt.close();
  const isGone = await comes(() => listener.last.get(`${base}/availability`) === "offline");
  rows.add("the end is told too", isGone, `${listener.last.get(`${base}/availability`)}`);
}
