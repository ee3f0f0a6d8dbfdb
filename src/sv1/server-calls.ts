/** What a server may ask of us or tell us, by method. */

import { printable } from "../lib/bytes.ts";
import { WireError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { V1Connection } from "./connection.ts";
import { targetOfDifficulty } from "./difficulty.ts";
import { encodeResult, encodeUnknownMethod, type RpcId } from "./json-rpc.ts";
import type { LogBudget } from "./log-budget.ts";
import {
  type Extranonce,
  type ReconnectRequest,
  readExtranonce,
  readMask,
  readReconnect,
  readShownMessage,
} from "./messages.ts";
import { type NotifyJob, readNotify } from "./notify-job.ts";

/** What the calls change. */
export interface ServerCallHandlers {
  onNotify(job: NotifyJob, arrivedMs: number): void;
  onTarget(target: Uint8Array): void;
  onExtranonce(extranonce: Extranonce): void;
  onVersionMask(mask: number): void;
  onReconnect(request: ReconnectRequest): void;
}

export interface ServerCall {
  readonly id: RpcId | null;
  readonly method: string;
  readonly params: readonly unknown[];
}

interface CallContext {
  readonly handlers: ServerCallHandlers;
  readonly connection: V1Connection;
  readonly userAgent: string;
  readonly log: Logger;
  /** For messages that the pool wants shown. */
  readonly messages: LogBudget;
}

type Answerer = (context: CallContext, call: ServerCall, arrivedMs: number) => void;

/** A job or an extranonce that cannot be read leaves us hashing the wrong thing: that ends the connection. */
const CALLS: Readonly<Record<string, Answerer>> = {
  "mining.notify": ({ handlers }, { params }, arrivedMs) =>
    handlers.onNotify(readNotify(params), arrivedMs),
  "mining.set_difficulty": ({ handlers, connection }, { params }) =>
    tolerant(connection, () => handlers.onTarget(targetOfDifficulty(params[0]))),
  "mining.set_extranonce": ({ handlers }, { params }) =>
    handlers.onExtranonce(readExtranonce("mining.set_extranonce", params[0], params[1])),
  "mining.set_version_mask": ({ handlers }, { params }) =>
    handlers.onVersionMask(readMask("mining.set_version_mask", params[0])),
  "client.reconnect": ({ handlers, connection }, { params }) =>
    tolerant(connection, () => handlers.onReconnect(readReconnect(params))),
  "client.get_version": ({ connection, userAgent }, { id }) => answer(connection, id, userAgent),
  "client.show_message": ({ connection, log, messages }, { id, params }) => {
    if (messages.take()) log.info({ message: readShownMessage(params) }, "message from the pool");
    answer(connection, id, true);
  },
  "mining.ping": ({ connection }, { id }) => answer(connection, id, "pong"),
  // A draft that nobody uses; there is one kind of work for us.
  "mining.set_goal": () => {},
};

/** Acts on a call; false: it means nothing to us (which a request is told). Throws WireError. */
export function receiveCall(context: CallContext, call: ServerCall, arrivedMs: number): boolean {
  const act = Object.hasOwn(CALLS, call.method) ? CALLS[call.method] : undefined;
  if (act !== undefined) {
    act(context, call, arrivedMs);
    return true;
  }
  const { connection } = context;
  connection.noteStrange("method that a device does not know", {
    method: printable(call.method, 80),
  });
  if (call.id !== null) connection.write(encodeUnknownMethod(call.id));
  return false;
}

function answer(connection: V1Connection, id: RpcId | null, result: unknown): void {
  if (id !== null) connection.write(encodeResult(id, result));
}

/** For what may stay as it was when it cannot be read. */
function tolerant(connection: V1Connection, act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    connection.noteStrange("message of the pool ignored", { reason: error.message });
  }
}
