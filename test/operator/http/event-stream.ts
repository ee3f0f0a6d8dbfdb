/** A browser's EventSource, as far as tests need one. */
import { type ClientRequest, type IncomingHttpHeaders, request } from "node:http";

export interface StreamEvent {
  readonly id: string;
  readonly kind: string;
  readonly data: unknown;
}

export interface EventStream extends Disposable {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: () => string;
  readonly events: readonly StreamEvent[];
  /** Resolves when so many have come in all. */
  until(count: number): Promise<void>;
  /** Resolves when the other end has closed it. */
  readonly ended: Promise<void>;
  readonly request: ClientRequest;
}

export function openStream(
  port: number,
  headers: Readonly<Record<string, string>> = {},
  /** Another one of this machine's own, e.g. 127.0.0.2. */
  from?: string,
): Promise<EventStream> {
  return new Promise((resolve, reject) => {
    const events: StreamEvent[] = [];
    let text = "";
    let rest = "";
    let heard = () => {};
    const call = request({
      host: "127.0.0.1",
      port,
      path: "/api/v1/live",
      ...(from === undefined ? {} : { localAddress: from }),
      agent: false,
      headers: { accept: "text/event-stream", ...headers },
    });
    call.on("error", reject);
    call.on("response", (response) => {
      const ended = new Promise<void>((end) => {
        response.once("close", () => end());
        response.on("error", () => {});
      });
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
        const blocks = (rest + part).split("\n\n");
        rest = blocks.pop() ?? "";
        for (const block of blocks) {
          const event = eventOf(block);
          if (event !== undefined) events.push(event);
        }
        heard();
      });
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        text: () => text,
        events,
        ended,
        request: call,
        until: (count) =>
          new Promise((done) => {
            heard = () => events.length >= count && done();
            heard();
          }),
        [Symbol.dispose]: () => void call.destroy(),
      });
    });
    call.end();
  });
}

export async function firstEvents(port: number, count: number) {
  using stream = await openStream(port);
  await stream.until(count);
  return { status: stream.status, headers: stream.headers, text: stream.text() };
}

function eventOf(block: string): StreamEvent | undefined {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
  const [id, kind, data] = [field("id"), field("event"), field("data")];
  if (id === undefined || kind === undefined || data === undefined) return undefined;
  return { id, kind, data: JSON.parse(data) };
}
