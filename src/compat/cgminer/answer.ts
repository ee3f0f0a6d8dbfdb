/** One request of the cgminer API, answered: the interface as a function of the device. */
import type { Device } from "../../api/device.ts";
import { dialectOf } from "../dialects.ts";
import { withoutStale } from "../fresh.ts";
import { firmwareName } from "../identity.ts";
import type { Access } from "./access.ts";
import type { Ask, Command } from "./ask.ts";
import { encodeJoined, encodeReply, type Signed } from "./encode.ts";
import { machineCommands } from "./machine-commands.ts";
import { type MessageCode, message, type Reply } from "./messages.ts";
import { poolCommands } from "./pool-commands.ts";
import { readCommands } from "./read-commands.ts";
import type { ApiRequest } from "./request.ts";
import type { ZeroMark } from "./zero.ts";

const commands = new Map<string, Command>(
  Object.entries({ ...readCommands, ...poolCommands, ...machineCommands }),
);

export interface Caller {
  /** As its socket tells it. */
  readonly address: string;
  readonly access: Exclude<Access, "none">;
  /** Why nothing may be written now, whatever the address may. */
  readonly noWrites?: string | undefined;
}

export interface AnswerParts {
  readonly device: Device;
  readonly zero: ZeroMark;
  readonly unixSeconds: number;
}

/** Without the NUL that ends it. Rejects only where the device does, which would be a bug. */
export async function answerRequest(
  request: ApiRequest,
  caller: Caller,
  parts: AnswerParts,
): Promise<string> {
  const signed = signedBy(parts);
  const { form, isJoined } = request;
  const [only = ""] = request.commands;
  if (!isJoined)
    return encodeReply(form, await replyTo(only, false, request, caller, parts), signed);
  const replies = new Map<string, Reply>();
  for (const name of request.commands)
    replies.set(name, await replyTo(name, true, request, caller, parts));
  return encodeJoined(form, replies, signed);
}

/** To what is no request. */
export function answerNonsense(code: MessageCode & (23 | 24), parts: AnswerParts): string {
  return encodeReply("json", message(code), signedBy(parts));
}

async function replyTo(
  name: string,
  isJoined: boolean,
  { parameter, newApi }: ApiRequest,
  { address, access, noWrites }: Caller,
  { device, zero, unixSeconds }: AnswerParts,
): Promise<Reply> {
  const command = commands.get(name);
  const status = device.status();
  if (command === undefined) return message(14, name.slice(0, MAX_NAME));
  if (isJoined && !command.joins) return message(45, `${name} cannot be joined with others`);
  const denied =
    access === "write" ? noWrites : `${name} is for addresses under compat.cgminer.write`;
  if (command.writes && denied !== undefined) return message(45, denied);
  const ask: Ask = {
    device,
    status: withoutStale(zero.since(status)),
    dialect: dialectOf(status.device.persona),
    // A joined command has none, as in cgminer.
    parameter: isJoined ? undefined : parameter,
    newApi,
    mayWrite: denied === undefined,
    actor: { name: `cgminer ${address}`, scope: "control" },
    whenUnixSeconds: unixSeconds,
    zero,
    find: (wanted) => commands.get(wanted),
  };
  return command.run(ask);
}

/** Of an unknown command, what is told back. */
const MAX_NAME = 60;

function signedBy({ device, unixSeconds }: AnswerParts): Signed {
  return {
    whenUnixSeconds: unixSeconds,
    description: firmwareName(device.status().device),
  };
}
