/** The command `asicd passwd`: the operator's password, set through the running asicd or into the file that it will read. */
import { existsSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { MIN_PASSWORD_LENGTH, passwordProblem } from "../src/api/passwords.ts";
import { ConfigError } from "../src/lib/errors.ts";
import { silentLog } from "../src/lib/log.ts";
import { type Command, type CommandContext, exitCodes } from "./cli/command.ts";
import { readConfigFile } from "./cli/config-file.ts";
import { OPERATOR_FOLDER, openKeyring } from "./operator/secrets-file.ts";
import { SystemClock } from "./platform/system-clock.ts";
import { systemEntropy } from "./platform/system-entropy.ts";
import { asUser, ownFolder, serviceUser } from "./service-user.ts";

const DEFAULT_RUNTIME_DIR = "/var/run/asicd";
const DEFAULT_STATE_DIR = "/var/lib/asicd";
/** In the runtime folder. */
export const OPERATOR_SOCKET = "operator.sock";
const ANSWER_WITHIN_MS = 30_000;
const MAX_INPUT_BYTES = 4_096;

export const passwdCommand: Command = {
  name: "passwd",
  summary: "set the password of page and API",
  usage: "[--stdin] [--config FILE | --runtime-dir DIR --state-dir DIR]",
  description: `Asks for it twice; with --stdin it is the first line of the input, for scripts. Nothing can be changed over the network before a
password is set. The old one is not asked for: who may write asicd's files needs none. Logins end, tokens stay.`,
  options: {
    stdin: { type: "boolean", description: "read the password from the input, without a prompt" },
    config: {
      type: "string",
      value: "FILE",
      description: "take the folders from this configuration",
    },
    "runtime-dir": {
      type: "string",
      value: "DIR",
      description: "where the running asicd has its socket",
      defaultText: DEFAULT_RUNTIME_DIR,
    },
    "state-dir": {
      type: "string",
      value: "DIR",
      description: "where asicd keeps its state",
      defaultText: DEFAULT_STATE_DIR,
    },
  },
  examples: ["asicd passwd", "asicd passwd --stdin < password.txt"],
  async run(args, context) {
    const config = args.string("config", undefined);
    const givenRuntime = args.string("runtime-dir", undefined);
    const givenState = args.string("state-dir", undefined);
    const isStdin = args.flag("stdin");
    args.finish();
    const paths =
      config === undefined ? undefined : readConfigFile(config, { mayLackPools: true }).paths;
    const runtimeDir = givenRuntime ?? paths?.runtimeDir ?? DEFAULT_RUNTIME_DIR;
    const stateDir = givenState ?? paths?.stateDir ?? DEFAULT_STATE_DIR;
    const password = isStdin ? await firstLine() : await askedTwice(context);
    const problem = passwordProblem(password);
    if (problem !== undefined)
      throw new ConfigError([
        {
          path: "password",
          problem,
          allowed: `at least ${MIN_PASSWORD_LENGTH} characters`,
        },
      ]);
    const answer = await tellRunning(join(runtimeDir, OPERATOR_SOCKET), password);
    switch (answer.is) {
      case "set":
        context.stdout("The password is set; logins with the old one have ended.\n");
        return exitCodes.ok;
      case "refused":
        context.stderr(`asicd: ${answer.text}\n`);
        return exitCodes.failed;
      case "nobody":
        await setInFile(stateDir, password);
        context.stdout("The password is set; asicd does not run now and will find it.\n");
        return exitCodes.ok;
    }
  },
};

async function setInFile(stateDir: string, password: string): Promise<void> {
  const clock = new SystemClock();
  const folder = join(stateDir, OPERATOR_FOLDER);
  const owner = ownFolder(folder, existsSync(folder) ? undefined : serviceUser());
  // What lies there may lead anywhere: it is not for root to follow.
  await asUser(owner, async () => {
    const keyring = await openKeyring({ stateDir, clock, entropy: systemEntropy, log: silentLog });
    await keyring.setPassword(password, true);
  });
}

type Told =
  | { readonly is: "set" }
  | { readonly is: "nobody" }
  | { readonly is: "refused"; readonly text: string };

function tellRunning(socketPath: string, password: string): Promise<Told> {
  return new Promise((resolve) => {
    const body = JSON.stringify({ new: password });
    const call = request(
      {
        socketPath,
        method: "POST",
        path: "/api/v1/password",
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
        timeout: ANSWER_WITHIN_MS,
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text = (text + part).slice(0, 10_000);
        });
        response.on("end", () =>
          resolve(
            response.statusCode === 200
              ? { is: "set" }
              : { is: "refused", text: refusalIn(text) ?? `it answered ${response.statusCode}` },
          ),
        );
      },
    );
    call.on("timeout", () => call.destroy(new Error("it does not answer")));
    call.on("error", (error: NodeJS.ErrnoException) => {
      // No socket, or one that a dead process has left.
      const isNobody = error.code === "ENOENT" || error.code === "ECONNREFUSED";
      resolve(
        isNobody ? { is: "nobody" } : { is: "refused", text: `${socketPath}: ${error.message}` },
      );
    });
    call.end(body);
  });
}

function refusalIn(text: string): string | undefined {
  try {
    const answer = JSON.parse(text) as { error?: { text?: string } };
    return answer.error?.text;
  } catch {
    return undefined;
  }
}

/** Without its line end. */
async function firstLine(): Promise<string> {
  let text = "";
  for await (const part of process.stdin.setEncoding("utf8")) {
    text += String(part);
    if (text.includes("\n") || text.length > MAX_INPUT_BYTES) break;
  }
  return text.split(/\r?\n/, 1)[0] ?? "";
}

async function askedTwice(context: CommandContext): Promise<string> {
  if (!process.stdin.isTTY)
    throw new ConfigError([
      { path: "password", problem: "there is no terminal to ask on", allowed: "--stdin" },
    ]);
  const first = await asked("New password: ", context);
  const second = await asked("Once more: ", context);
  if (first === second) return first;
  throw new ConfigError([{ path: "password", problem: "the two are not the same" }]);
}

/** Nothing of what is typed is shown. */
function asked(prompt: string, { stderr, signal }: CommandContext): Promise<string> {
  return new Promise((resolve, reject) => {
    stderr(prompt);
    const reader = createInterface({ input: process.stdin, terminal: true, output: undefined });
    const wasRaw = process.stdin.isRaw;
    process.stdin.setRawMode(true);
    const end = (finish: () => void) => {
      signal.removeEventListener("abort", cancel);
      reader.close();
      process.stdin.setRawMode(wasRaw);
      process.stdin.pause();
      stderr("\n");
      finish();
    };
    const cancel = () => end(() => reject(new ConfigError([nothingGiven])));
    signal.addEventListener("abort", cancel, { once: true });
    reader.once("SIGINT", cancel);
    reader.once("line", (line) => end(() => resolve(line)));
  });
}

const nothingGiven = { path: "password", problem: "nothing was given; nothing is changed" };
