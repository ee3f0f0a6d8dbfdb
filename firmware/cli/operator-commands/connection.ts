/** The options that say which asicd is meant, and how its answers become an exit code; alike for all commands. */
import type { CommandContext, OptionSpec } from "../command.ts";
import { exitCodes } from "../command.ts";
import type { ParsedArgs } from "../parse-args.ts";
import {
  type ApiAddress,
  type ApiClient,
  ApiRefusal,
  ApiUnreachable,
  apiClient,
} from "./api-client.ts";
import { plain } from "./terminal-text.ts";

export const DEFAULT_SOCKET = "/var/run/asicd/operator.sock";

/** Beyond those of all commands: asicd could not be asked. */
export const UNREACHABLE = 3;

export const connectionOptions: Readonly<Record<string, OptionSpec>> = {
  socket: {
    type: "string",
    value: "FILE",
    description: "Unix socket of an asicd on this machine; also ASICD_SOCKET",
    defaultText: DEFAULT_SOCKET,
  },
  url: {
    type: "string",
    value: "URL",
    description: "an asicd elsewhere, e.g. http://192.0.2.7; also ASICD_URL",
  },
  token: {
    type: "string",
    value: "TOKEN",
    description: "with --url: who asks; better in ASICD_TOKEN, where nobody sees it",
  },
  json: { type: "boolean", description: "JSON for scripts" },
};

export const connectionNote =
  "Asks the asicd of this machine, or with --url another one. Exit code 3: it cannot be reached.";

export interface Connection {
  readonly address: ApiAddress;
  readonly json: boolean;
}

/** Reads the options above; what is wrong with them is told by `args.finish()`. */
export function readConnection(args: ParsedArgs, env: CommandContext["env"]): Connection {
  const json = args.flag("json");
  const socket = args.string("socket", undefined);
  const url = args.string("url", undefined);
  const token = args.string("token", undefined);
  if (socket !== undefined && url !== undefined)
    args.problem({ path: "--socket", problem: "is given with --url", allowed: "one of them" });
  // What the command line says counts more than the environment, as a whole.
  const fromEnv = socket === undefined && url === undefined ? set(env["ASICD_URL"]) : undefined;
  const wanted = url ?? fromEnv;
  if (wanted === undefined) {
    if (token !== undefined)
      args.problem({ path: "--token", problem: "is of no use without --url" });
    return { address: { socket: socket ?? set(env["ASICD_SOCKET"]) ?? DEFAULT_SOCKET }, json };
  }
  if (!isHttpUrl(wanted))
    args.problem({
      path: url === undefined ? "ASICD_URL" : "--url",
      problem: "is no address of an asicd",
      allowed: "http://HOST, https://HOST, with :PORT where it is another",
    });
  return { address: { url: wanted, token: token ?? set(env["ASICD_TOKEN"]) }, json };
}

/** Does the work with a client; what goes wrong is told and becomes the exit code. */
export async function withApi(
  { address, json }: Connection,
  context: CommandContext,
  work: (client: ApiClient) => Promise<number>,
): Promise<number> {
  try {
    return await work(apiClient(address, context.signal));
  } catch (error) {
    if (error instanceof ApiRefusal) {
      if (json) context.stdout(jsonText(error.body));
      else context.stderr(`asicd: ${plainLines(error.message)}${loginHint(error, address)}\n`);
      return exitCodes.failed;
    }
    if (!(error instanceof ApiUnreachable)) throw error;
    if (context.signal.aborted) return exitCodes.failed;
    const { message } = error;
    if (json) context.stdout(jsonText({ error: { code: "unreachable", text: message } }));
    else context.stderr(`asicd: cannot be reached: ${plainLines(message)}\n`);
    return UNREACHABLE;
  }
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function loginHint({ status }: ApiRefusal, address: ApiAddress): string {
  if (status !== 401 || "socket" in address) return "";
  return "\nMake a token on the machine itself: asicd token create NAME";
}

function plainLines(text: string): string {
  return text.split("\n").map(plain).join("\n");
}

function set(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
