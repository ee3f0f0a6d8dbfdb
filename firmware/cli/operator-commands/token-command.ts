/** The command `asicd token`: keys for programs that use the API. */
import { type Command, type CommandContext, exitCodes } from "../command.ts";
import type { ParsedArgs } from "../parse-args.ts";
import { type ApiClient, ApiRefusal } from "./api-client.ts";
import {
  type Connection,
  connectionNote,
  connectionOptions,
  jsonText,
  readConnection,
  withApi,
} from "./connection.ts";
import { utcText } from "./figures.ts";
import { pageOf, table } from "./terminal-text.ts";

interface Token {
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  readonly createdUnixSeconds: number;
  readonly expiresUnixSeconds: number | null;
  readonly lastUsedUnixSeconds?: number | null;
}

const verbs = ["create", "list", "revoke"] as const;
type Verb = (typeof verbs)[number];
const DEFAULT_DAYS = 365;

export const tokenCommand: Command = {
  name: "token",
  summary: "make, list and delete tokens for programs",
  usage: "create|list|revoke [NAME] [options]",
  description: `A token is shown once, when it is made; what it may do is its scope: read looks, control pauses, restarts and
switches pools, admin does everything.\n\n${connectionNote}`,
  positionals: "create NAME, list, revoke NAME or ID",
  options: {
    scope: {
      type: "string",
      value: "SCOPE",
      description: "with create: read, control or admin",
      defaultText: "read",
    },
    days: {
      type: "string",
      value: "N",
      description: "with create: valid for so long; 0: for ever",
      defaultText: `${DEFAULT_DAYS}`,
    },
    ...connectionOptions,
  },
  examples: ["asicd token create fleet --scope control --days 90", "asicd token revoke fleet"],
  async run(args, context) {
    const [verb, name] = readVerb(args);
    const scope = args.oneOf("scope", ["read", "control", "admin"], "read");
    const days = args.integer("days", { min: 0, max: 3_650, unit: "days" }, DEFAULT_DAYS);
    const connection = readConnection(args, context.env);
    args.finish();
    return withApi(connection, context, (client) => {
      if (verb === "create")
        return create(client, connection, context, {
          name,
          scope,
          expiresDays: days === 0 ? null : days,
        });
      if (verb === "revoke") return revoke(client, connection, context, name);
      return list(client, connection, context);
    });
  },
};

function readVerb(args: ParsedArgs): readonly [Verb, string] {
  const [word = "", name = "", ...more] = args.positionals;
  const verb = verbs.find((known) => known === word);
  if (verb === undefined)
    args.problem({
      path: word === "" ? "token" : `"${word}"`,
      problem: word === "" ? "needs to be told what to do" : "is not known",
      allowed: verbs.join(", "),
    });
  else if (verb !== "list" && name === "")
    args.problem({ path: verb, problem: "needs the name of a token" });
  const extra = verb === "list" && name !== "" ? name : more[0];
  if (extra !== undefined) args.problem({ path: `"${extra}"`, problem: "is too much" });
  return [verb ?? "list", name];
}

/** The token alone goes to stdout, so that a script can keep it. */
async function create(
  client: ApiClient,
  { json }: Connection,
  context: CommandContext,
  wanted: { readonly name: string; readonly scope: string; readonly expiresDays: number | null },
): Promise<number> {
  const made = (await client.send("POST", "/tokens", wanted)) as Token & { readonly token: string };
  if (json) {
    context.stdout(jsonText(made));
    return exitCodes.ok;
  }
  context.stderr(
    `Token ${made.name}, scope ${made.scope}, ${until(made)}. It is shown only now:\n`,
  );
  context.stdout(`${made.token}\n`);
  return exitCodes.ok;
}

async function list(
  client: ApiClient,
  { json }: Connection,
  context: CommandContext,
): Promise<number> {
  const { tokens } = await tokensOf(client);
  context.stdout(
    json
      ? jsonText({ tokens })
      : table(
          [
            { title: "ID", drop: 2 },
            { title: "NAME" },
            { title: "SCOPE" },
            { title: "MADE", drop: 3 },
            { title: "VALID" },
            { title: "LAST USED", drop: 1 },
          ],
          tokens.map((token) => [
            token.id,
            token.name,
            token.scope,
            utcText(token.createdUnixSeconds),
            until(token),
            token.lastUsedUnixSeconds === null || token.lastUsedUnixSeconds === undefined
              ? "not since the start"
              : utcText(token.lastUsedUnixSeconds),
          ]),
          pageOf(context),
        ),
  );
  return exitCodes.ok;
}

async function revoke(
  client: ApiClient,
  { json }: Connection,
  context: CommandContext,
  wanted: string,
): Promise<number> {
  const { tokens } = await tokensOf(client);
  const token =
    tokens.find(({ name }) => name === wanted) ?? tokens.find(({ id }) => id === wanted);
  if (token === undefined) {
    const text = `there is no token ${wanted}`;
    throw new ApiRefusal(404, "not-found", text, { error: { code: "not-found", text } });
  }
  const answer = await client.send("DELETE", `/tokens/${encodeURIComponent(token.id)}`);
  context.stdout(json ? jsonText(answer) : `token ${token.name} opens nothing from now on\n`);
  return exitCodes.ok;
}

async function tokensOf(client: ApiClient): Promise<{ readonly tokens: readonly Token[] }> {
  return (await client.get("/tokens")) as { readonly tokens: readonly Token[] };
}

function until({ expiresUnixSeconds }: Token): string {
  return expiresUnixSeconds === null ? "for ever" : `until ${utcText(expiresUnixSeconds)}`;
}
