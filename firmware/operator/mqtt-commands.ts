/** Commands from the broker, one after the other: what they ask for is done through the same door as everything else. */
import type { Actor, ConfigResult, Device, Outcome } from "../../src/api/device.ts";
import { commandSettings, wishOf } from "../../src/api/home-assistant.ts";
import { describeProblem } from "../../src/lib/errors.ts";
import type { Logger } from "../../src/lib/log.ts";

export interface CommandResult {
  readonly command: string;
  readonly ok: boolean;
  readonly text: string;
}

/** Who publishes faster than the machine acts has made a mistake; the rest is dropped and said so. */
const WAITING_MAX = 8;
const PAYLOAD_MAX = 256;
const actor: Actor = { name: "mqtt", scope: "control" };

export class MqttCommands {
  readonly #device: Device;
  readonly #log: Logger;
  readonly #onResult: (result: CommandResult) => void;
  readonly #waiting: { readonly command: string; readonly payload: string }[] = [];
  #isWorking = false;

  constructor(device: Device, log: Logger, onResult: (result: CommandResult) => void) {
    this.#device = device;
    this.#log = log;
    this.#onResult = onResult;
  }

  take(command: string, payload: string): void {
    if (this.#waiting.length >= WAITING_MAX) {
      this.#answer({ command, ok: false, text: "too many commands at once; this one is dropped" });
      return;
    }
    this.#waiting.push({ command, payload });
    if (!this.#isWorking) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      this.#answer(await this.#perform(next.command, next.payload));
      this.#waiting.shift();
    }
    this.#isWorking = false;
  }

  async #perform(command: string, payload: string): Promise<CommandResult> {
    const device = this.#device;
    if (payload.length > PAYLOAD_MAX)
      return { command, ok: false, text: `more than ${PAYLOAD_MAX} characters` };
    try {
      const settings = commandSettings(device.config.effective());
      const wish = wishOf(command, payload.trim(), device.status(), settings);
      if (wish.is === "refused") return { command, ok: false, text: wish.text };
      if (wish.is === "change")
        return { command, ...changeResult(await device.config.apply(wish.changes, actor)) };
      const outcomes: Outcome[] = [];
      for (const action of wish.actions) outcomes.push(await device.act(action, actor));
      return {
        command,
        ok: outcomes.every(({ is }) => is !== "refused"),
        text: outcomes.map(({ text }) => text).join("; "),
      };
    } catch (error) {
      return { command, ok: false, text: error instanceof Error ? error.message : String(error) };
    }
  }

  #answer(result: CommandResult): void {
    const { command, ok, text } = result;
    const fields = { command: command.slice(0, 64), result: text };
    if (ok) this.#log.info(fields, "MQTT command done");
    else this.#log.warn(fields, "MQTT command refused");
    this.#onResult(result);
  }
}

function changeResult(result: ConfigResult): Omit<CommandResult, "command"> {
  switch (result.is) {
    case "applied": {
      const waits = result.differences.some(({ restart }) => restart === "program");
      return { ok: true, text: waits ? "saved; in use after a restart" : "saved" };
    }
    case "invalid":
      return { ok: false, text: result.problems.map(describeProblem).join("; ") };
    case "refused":
      return { ok: false, text: result.text };
    default:
      return result satisfies never;
  }
}
