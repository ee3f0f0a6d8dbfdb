/** Each event of the machine, POSTed to an address of the operator's: in order, signed, and without ever waiting for it. */
import { createHmac } from "node:crypto";
import type { Device } from "../../src/api/device.ts";
import { machineId } from "../../src/api/machine-id.ts";
import type { DeviceEvent } from "../../src/api/status.ts";
import type { WebhookConfig } from "../../src/config/operator-schema.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import { type BackoffPolicy, backoffMs } from "../../src/upstream/backoff.ts";

export interface WebhookOptions {
  readonly device: Device;
  readonly config: WebhookConfig;
  readonly clock: Clock;
  readonly entropy: Pick<Entropy, "fraction">;
  readonly log: Logger;
}

export interface RunningWebhook {
  /** Events that will never arrive: refused, or crowded out while nobody answered. */
  readonly lost: number;
  close(): Promise<void>;
}

export function startWebhook(options: WebhookOptions): RunningWebhook {
  return new Webhook(options);
}

const importance = ["info", "warning", "error"] as const;
/** What waits for an address that does not answer; then the oldest go, since a person wants to know what is now. */
const WAITING_MAX = 100;
const ANSWER_WITHIN_MS = 10_000;
const BACKOFF: BackoffPolicy = { firstMs: 2_000, factor: 2, maxMs: 300_000 };

type Delivery =
  | { readonly is: "delivered" }
  /** Worth another try. */
  | { readonly is: "failed"; readonly reason: string }
  /** Asked again, the answer would be the same. */
  | { readonly is: "refused"; readonly reason: string };

class Webhook implements RunningWebhook {
  readonly #options: WebhookOptions;
  readonly #listening: Disposable;
  readonly #stop = new AbortController();
  readonly #waiting: DeviceEvent[] = [];
  #lost = 0;
  #lostUntold = 0;
  #failures = 0;
  #hasComplained = false;
  #working: Promise<void> | undefined;

  constructor(options: WebhookOptions) {
    this.#options = options;
    this.#listening = options.device.onEvent((event) => this.#take(event));
  }

  get lost(): number {
    return this.#lost;
  }

  async close(): Promise<void> {
    this.#listening[Symbol.dispose]();
    this.#stop.abort();
    await this.#working;
    if (this.#waiting.length > 0)
      this.#options.log.warn({ events: this.#waiting.length }, "webhook ended; events not sent");
  }

  #take(event: DeviceEvent): void {
    const { severity } = this.#options.config;
    if (importance.indexOf(event.severity) < importance.indexOf(severity)) return;
    this.#waiting.push(event);
    if (this.#waiting.length > WAITING_MAX) {
      // The first one is on its way.
      this.#waiting.splice(1, 1);
      this.#lose("too many events wait for it");
    }
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    const { clock, entropy } = this.#options;
    const { signal } = this.#stop;
    for (let event = this.#waiting[0]; event !== undefined; event = this.#waiting[0]) {
      const lost = this.#lostUntold;
      const delivery = await this.#deliver(event, lost);
      if (signal.aborted) return;
      if (delivery.is !== "failed") {
        this.#waiting.shift();
        this.#failures = 0;
        if (delivery.is === "refused") this.#lose(delivery.reason);
        else this.#delivered(lost);
        continue;
      }
      this.#failures++;
      this.#complain(delivery.reason);
      const waitMs = backoffMs(BACKOFF, this.#failures, entropy.fraction());
      await clock.sleep(waitMs, signal).catch(() => {});
      if (signal.aborted) return;
    }
  }

  async #deliver(event: DeviceEvent, lost: number): Promise<Delivery> {
    const { device, config, clock } = this.#options;
    const machine = device.status().device;
    const body = JSON.stringify({
      device: { id: machineId(machine), name: machine.name, model: machine.model },
      event,
      // Before this one, since the last call that arrived.
      lost,
    });
    const target = targetOf(config.url);
    if (target === undefined) return { is: "refused", reason: "the URL is not valid" };
    const attempt = new AbortController();
    const abort = () => attempt.abort();
    this.#stop.signal.addEventListener("abort", abort, { once: true });
    const late = clock.after(ANSWER_WITHIN_MS, abort);
    try {
      const response = await fetch(target.url, {
        method: "POST",
        body,
        headers: { ...headersOf(body, config.secret, machine.version), ...target.headers },
        // The event would go to somebody whom the operator did not name.
        redirect: "manual",
        signal: attempt.signal,
      });
      await response.body?.cancel();
      return verdict(response.status);
    } catch (error) {
      return {
        is: "failed",
        reason: attempt.signal.aborted
          ? `no answer within ${ANSWER_WITHIN_MS / 1_000} s`
          : reasonOf(error),
      };
    } finally {
      late[Symbol.dispose]();
      this.#stop.signal.removeEventListener("abort", abort);
    }
  }

  #delivered(lostTold: number): void {
    if (this.#hasComplained) this.#options.log.info({ lost: this.#lost }, "webhook works again");
    this.#hasComplained = false;
    this.#lostUntold -= lostTold;
  }

  #lose(reason: string): void {
    this.#lost++;
    this.#lostUntold++;
    this.#complain(reason);
  }

  /** Once for each time that it stops working. */
  #complain(reason: string): void {
    const { log, config } = this.#options;
    const fields = { host: hostOf(config.url), reason, lost: this.#lost };
    if (this.#hasComplained) log.debug(fields, "webhook still not answered");
    else log.warn(fields, "webhook not answered; saying no more until it is");
    this.#hasComplained = true;
  }
}

/** `X-Asicd-Signature: sha256=HEX` is the HMAC-SHA256 of the body's bytes with the secret as key. */
function headersOf(
  body: string,
  secret: string | undefined,
  version: string,
): Record<string, string> {
  return {
    "content-type": "application/json",
    "user-agent": `asicd/${version}`,
    ...(secret === undefined
      ? {}
      : {
          "x-asicd-signature": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
        }),
  };
}

function verdict(status: number): Delivery {
  if (status >= 200 && status < 300) return { is: "delivered" };
  if (status >= 300 && status < 400)
    return { is: "refused", reason: `answered ${status}: redirects are not followed` };
  const isForNow = status === 408 || status === 429 || status >= 500;
  return { is: isForNow ? "failed" : "refused", reason: `answered ${status}` };
}

/** Name and password of a URL go into a header: fetch takes no URL that has them, and would repeat it in its error. */
function targetOf(text: string): { url: URL; headers: Record<string, string> } | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const { username, password } = url;
  url.username = "";
  url.password = "";
  if (username === "" && password === "") return { url, headers: {} };
  const words = `${decoded(username)}:${decoded(password)}`;
  return { url, headers: { authorization: `Basic ${Buffer.from(words).toString("base64")}` } };
}

/** A lone percent sign is one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The path may be the secret. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "an address that is none";
}

/** Codes alone: the texts of fetch repeat the URL. */
function reasonOf(error: unknown): string {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } };
  return typeof cause?.code === "string" ? cause.code : "the connection failed";
}
