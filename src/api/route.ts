/** One operation of the API as a row of a table: from it come the server's route, the document, the reference and its tests. */
import Type, { type Static, type TSchema } from "typebox";
import type { ConfigProblem } from "../lib/errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { RouteAccess } from "./access.ts";
import type { Actor, Device } from "./device.ts";
import type { Keyring } from "./keyring.ts";
import type { LogReader } from "./log-lines.ts";
import type { PoolTester } from "./pool-test.ts";
import type { SupportBundle } from "./support-files.ts";
import type { UpdateReceiver } from "./update-receiver.ts";

/** What the operations stand on. */
export interface Api {
  readonly device: Device;
  readonly keyring: Keyring;
  readonly clock: Pick<Clock, "unixSeconds">;
  readonly settings: () => { readonly publicRead: boolean; readonly sessionHours: number };
  readonly logs: LogReader;
  readonly testPool: PoolTester;
  readonly bundle: SupportBundle;
  readonly receiveUpdate: UpdateReceiver;
  /** The OpenAPI document of all operations. */
  readonly document: () => unknown;
}

export interface RouteRequest<P = unknown, Q = unknown, B = unknown> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Of an operation that takes a file. */
  readonly upload?: AsyncIterable<Uint8Array>;
  readonly actor: Actor;
  /** Of the caller, for what counts failures. */
  readonly address: string;
  readonly isLocal: boolean;
  /** Word of the session cookie, good or not. */
  readonly session: string | undefined;
  /** A good session was shown. */
  readonly hasSession: boolean;
}

export type Answer =
  | {
      readonly is: "json";
      readonly status: number;
      readonly body: unknown;
      /** To be set, or with null to be taken away. */
      readonly session?: string | null;
    }
  | {
      readonly is: "file";
      readonly name: string;
      readonly contentType: string;
      readonly bytes: Uint8Array;
    }
  /** The stream of events. */
  | { readonly is: "live" }
  | RefusedAnswer;

export interface RefusedAnswer {
  readonly is: "refused";
  readonly status: number;
  readonly code: string;
  readonly text: string;
  readonly problems?: readonly ConfigProblem[];
  readonly retryAfterS?: number;
}

export interface RouteAnswer {
  readonly description: string;
  /** Absent: what `contentType` says, as it is. */
  readonly schema?: TSchema;
  readonly contentType?: string;
}

/** What to ask, so that a test can; its answer goes into the reference. */
export interface RouteExample {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below /api/v1, e.g. "/boards/{board}". */
  readonly path: string;
  readonly topic: Topic;
  readonly access: RouteAccess;
  /** A sentence for people. */
  readonly summary: string;
  readonly description?: string;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  /** By status, besides the refusals. */
  readonly answers: Readonly<Record<number, RouteAnswer>>;
  /** Refusals besides those that every operation has. */
  readonly refusals?: readonly number[];
  readonly example: RouteExample;
  /** The one write that is there before a password is. */
  readonly setsPassword?: boolean;
  /** Takes a file as application/octet-stream instead of JSON. */
  readonly takesFile?: boolean;
  /** Asks, although it is no GET: changes nothing. */
  readonly handle: (api: Api, request: RouteRequest) => Answer | Promise<Answer>;
}

export type Topic =
  | "Status"
  | "Live"
  | "Events and history"
  | "Settings"
  | "Actions"
  | "Login and tokens"
  | "Updates"
  | "Service";

interface RouteSpec<P extends TSchema, Q extends TSchema, B extends TSchema>
  extends Omit<Route, "params" | "query" | "body" | "handle"> {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly handle: (
    api: Api,
    request: RouteRequest<Static<P>, Static<Q>, Static<B>>,
  ) => Answer | Promise<Answer>;
}

/** A row whose handler knows the types of its schemas; the server checks before it calls. */
export function route<P extends TSchema, Q extends TSchema, B extends TSchema>(
  spec: RouteSpec<P, Q, B>,
): Route {
  return spec as unknown as Route;
}

export function json(body: unknown, status = 200): Answer {
  return { is: "json", status, body };
}

export function refuse(status: number, code: string, text: string): RefusedAnswer {
  return { is: "refused", status, code, text };
}

export const errorSchema = Type.Object(
  {
    error: Type.Object({
      code: Type.String({ description: "Stable, e.g. login-needed" }),
      text: Type.String({ description: "For people" }),
      problems: Type.Optional(
        Type.Array(
          Type.Object({
            path: Type.String({ description: "Where" }),
            problem: Type.String({ description: "What is wrong" }),
            allowed: Type.Optional(Type.String({ description: "What would be right" })),
          }),
        ),
      ),
    }),
  },
  { additionalProperties: false },
);

/** The answer's body of a refusal. */
export function errorBody({
  code,
  text,
  problems,
}: Pick<RefusedAnswer, "code" | "text" | "problems">): Static<typeof errorSchema> {
  return {
    error: { code, text, ...(problems === undefined ? {} : { problems: [...problems] }) },
  };
}
