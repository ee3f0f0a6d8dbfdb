/** What is said before the first job: configure, subscribe, authorize. One instance per connection. */
import type { Logger } from "../lib/log.ts";
import type { Answer, V1Connection } from "./connection.ts";
import {
  type Configuration,
  readConfiguration,
  readSubscription,
  type Subscription,
} from "./messages.ts";
import { configure, type Wishes } from "./requests.ts";
import { describeRpcError } from "./shares.ts";

/** Servers that know mining.configure answer at once; some others say nothing, or nothing before mining.subscribe [?]. */
const CONFIGURE_WITHIN_MS = 3_000;
const ANSWER_WITHIN_MS = 10_000;

export interface SetUpOptions extends Wishes {
  readonly user: string;
  readonly password: string;
  readonly userAgent: string;
  /** Of the last connection. */
  readonly resumeId: string | undefined;
  /** False for a server that closed the connection on it before. */
  readonly configure: boolean;
}

export interface SetUpHandlers {
  /** May come late, even after `onAuthorized`. */
  onConfigured(configuration: Configuration): void;
  onSubscribed(subscription: Subscription): void;
  onAuthorized(): void;
}

export class SetUp {
  readonly #connection: V1Connection;
  readonly #options: SetUpOptions;
  readonly #handlers: SetUpHandlers;
  readonly #log: Logger;
  #extranonceIsSubscribed = false;
  /** Monotonic time at which mining.extranonce.subscribe was sent. */
  extranonceAskedMs: number | undefined;
  step: "configuring" | "subscribing" | "authorizing" | "done" = "configuring";

  constructor(
    connection: V1Connection,
    options: SetUpOptions,
    handlers: SetUpHandlers,
    log: Logger,
  ) {
    this.#connection = connection;
    this.#options = options;
    this.#handlers = handlers;
    this.#log = log;
  }

  start(): void {
    const wishes = this.#options;
    if (!wishes.configure || configure(0, wishes) === undefined) {
      this.#subscribe(wishes.resumeId);
      return;
    }
    this.#connection.requestEncoded(
      (id) => configure(id, wishes) ?? new Uint8Array(),
      CONFIGURE_WITHIN_MS,
      (answer) => this.#configured(answer),
    );
  }

  #configured(answer: Answer): void {
    if (answer === "late") {
      this.#log.warn({}, "the pool does not answer mining.configure: going on without it");
    } else if (answer.error !== undefined) {
      const error = describeRpcError(answer.error);
      this.#log.warn({ error }, "the pool refuses mining.configure: going on without it");
    } else {
      const configuration = readConfiguration(answer.result, this.#options.versionMask);
      const { refused } = configuration;
      if (refused.length > 0) this.#log.warn({ refused }, "the pool refuses an extension");
      this.#extranonceIsSubscribed = configuration.subscribeExtranonce;
      this.#handlers.onConfigured(configuration);
    }
    if (this.step === "configuring") this.#subscribe(this.#options.resumeId);
  }

  #subscribe(resumeId: string | undefined): void {
    this.step = "subscribing";
    const { userAgent } = this.#options;
    const params = resumeId === undefined ? [userAgent] : [userAgent, resumeId];
    this.#connection.request("mining.subscribe", params, ANSWER_WITHIN_MS, (answer) => {
      if (answer === "late") {
        this.#late("mining.subscribe");
      } else if (answer.error === undefined) {
        this.#subscribed(readSubscription(answer.result));
      } else if (resumeId !== undefined) {
        // Some servers refuse what they cannot resume: as a newcomer, then.
        this.#subscribe(undefined);
      } else {
        this.#refused("mining.subscribe", describeRpcError(answer.error));
      }
    });
  }

  #subscribed(subscription: Subscription): void {
    this.#handlers.onSubscribed(subscription);
    const { user, password, subscribeExtranonce } = this.#options;
    if (subscribeExtranonce && !this.#extranonceIsSubscribed) {
      // Whoever does not know the method will not change the extranonce either: the answer does not matter.
      this.extranonceAskedMs = this.#connection.nowMs;
      this.#connection.request("mining.extranonce.subscribe", [], ANSWER_WITHIN_MS, () => {});
    }
    this.step = "authorizing";
    this.#connection.request("mining.authorize", [user, password], ANSWER_WITHIN_MS, (answer) => {
      if (answer === "late") this.#late("mining.authorize");
      else if (answer.error !== undefined)
        this.#refused("mining.authorize", describeRpcError(answer.error));
      else if (answer.result === false) this.#refused("mining.authorize", "no reason given");
      else this.#authorized();
    });
  }

  #authorized(): void {
    if (this.step === "done") return;
    this.step = "done";
    this.#handlers.onAuthorized();
  }

  #late(method: string): void {
    this.#connection.fail(
      "network",
      `the server did not answer ${method} within ${ANSWER_WITHIN_MS / 1_000} s`,
    );
  }

  #refused(method: string, words: string): void {
    const shown = withoutSecret(words, this.#options.password);
    this.#connection.fail("refused", `the server refused ${method}: ${shown}`);
  }
}

/** A server may repeat the password in its answer; very short ones, such as "x", are no secret. */
function withoutSecret(text: string, secret: string): string {
  return secret.length < 3 ? text : text.replaceAll(secret, "***");
}
