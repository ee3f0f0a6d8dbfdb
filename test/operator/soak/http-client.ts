/** HTTP as a client of a soak speaks it: one connection that is kept, as browsers and pollers keep theirs. */
import { Agent, type IncomingHttpHeaders, request } from "node:http";
import { text } from "node:stream/consumers";

/** Whoever waits longer looks at a page that hangs. */
const ANSWER_WITHIN_MS = 10_000;

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Question {
  readonly method?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export class HttpClient implements Disposable {
  readonly #base: URL;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  /** `url`: of the page, e.g. http://127.0.0.1:4080. */
  constructor(url: string) {
    this.#base = new URL(url);
  }

  /** Rejects when there is no answer; any status is one. */
  async ask(path: string, question: Question = {}): Promise<Reply> {
    try {
      return await this.#askOnce(path, question);
    } catch (error) {
      // The server closed a kept connection while this was on its way; browsers ask again, too.
      if ((error as { isReused?: boolean }).isReused !== true) throw error;
      return await this.#askOnce(path, question);
    }
  }

  /** The same for an answer that must be a 200. Rejects with Error that says what came instead. */
  async read(path: string, question: Question = {}): Promise<Reply> {
    const reply = await this.ask(path, question);
    if (reply.status === 200) return reply;
    const { method = "GET" } = question;
    throw new Error(`${method} ${path}: ${reply.status} ${reply.body.slice(0, 200)}`);
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  #askOnce(path: string, { method = "GET", body, headers = {} }: Question): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const call = request(new URL(path, this.#base), {
        method,
        agent: this.#agent,
        timeout: ANSWER_WITHIN_MS,
        headers: {
          ...(body === undefined
            ? {}
            : { "content-type": "application/json", origin: this.#base.origin }),
          ...headers,
        },
      });
      const fail = (what: string, isReused = false) =>
        reject(Object.assign(new Error(`${method} ${path}: ${what}`), { isReused }));
      call.once("timeout", () => {
        fail(`no answer within ${ANSWER_WITHIN_MS} ms`);
        call.destroy();
      });
      call.once("error", (error: NodeJS.ErrnoException) =>
        fail(error.message, error.code === "ECONNRESET" && call.reusedSocket),
      );
      call.once("response", (response) => {
        text(response).then(
          (answer) =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answer }),
          (error: unknown) => fail(`the answer broke off: ${String(error)}`),
        );
      });
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
