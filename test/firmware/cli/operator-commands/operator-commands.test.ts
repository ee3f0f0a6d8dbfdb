import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Status } from "../../../../src/api/status.ts";
import { type ServedOptions, served } from "../../../operator/http/served.ts";
import { freePort } from "../../../operator/mosquitto.ts";
import { ask, commands } from "./asked.ts";

/** A whole asicd's API on a socket of its own. */
async function machine(options: ServedOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), "asicd-cli-"));
  const socket = join(folder, "operator.sock");
  const asicd = await served({ ...options, unixSocket: socket });
  if (asicd.operated.device.status().boards.every(({ present }) => !present))
    await new Promise<void>((resolve) => {
      const listening = asicd.operated.device.onStatus(() => {
        listening[Symbol.dispose]();
        resolve();
      });
    });
  return {
    ...asicd,
    socket,
    url: `http://127.0.0.1:${asicd.port}`,
    ask: (...argv: string[]) => ask([...argv, "--socket", socket]),
    async [Symbol.asyncDispose]() {
      await asicd[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Answers everything with this. */
async function imposter(status: number, body: string) {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("status", () => {
  test("says the sentence, the figures and each board", async () => {
    await using asicd = await machine();
    const { exitCode, stdout } = await asicd.ask("status");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("asicd: Virtual machine of 3 × 126 BM1362, asicd 0.1.0, up");
    expect(stdout).toContain("SIMULATED HARDWARE, rates ÷ 2^25");
    expect(stdout).toContain(asicd.operated.device.status().summary.sentence);
    expect(stdout).toMatch(/^Power {5}unknown$/m);
    expect(stdout).toMatch(/^ {4}1 {2}hashing .* 126\/126 +525/m);
  });

  test("as JSON is what the API gives", async () => {
    await using asicd = await machine();
    const { stdout } = await asicd.ask("status", "--json");
    const status = JSON.parse(stdout) as Status;
    expect(status.boards).toHaveLength(3);
    expect(status.summary.state).toBe("mining");
  });

  test("is watched until it is enough", async () => {
    await using asicd = await machine();
    const enough = new AbortController();
    let pictures = 0;
    const { exitCode } = await ask(["status", "--watch", "--socket", asicd.socket], {
      signal: enough.signal,
      stdout: (text) => {
        if (text.includes("Hashrate")) pictures++;
        enough.abort();
      },
    });
    expect({ exitCode, pictures }).toEqual({ exitCode: 0, pictures: 1 });
  });

  test("fits a narrow terminal, and has no colour where none is wanted", async () => {
    await using asicd = await machine();
    const narrow = (env: Record<string, string>) =>
      ask(["status", "--socket", asicd.socket], {
        isTerminal: true,
        terminalSize: () => ({ columns: 40, rows: 24 }),
        env,
      });
    const { stdout } = await narrow({ NO_COLOR: "1" });
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(40);
    expect(stdout).not.toContain("\x1b");
    expect(stdout).toContain("HASHRATE");
    expect((await narrow({})).stdout).toContain("\x1b[32mhashing");
  });
});

describe("boards, pools and logs", () => {
  test("are tables whose columns stand under each other", async () => {
    await using asicd = await machine();
    const boards = (await asicd.ask("boards")).stdout.split("\n");
    expect(boards).toHaveLength(5);
    const at = boards[0]?.indexOf("STATE");
    for (const row of boards.slice(1, 4)) expect(row.indexOf("hashing")).toBe(at);
    const pools = (await asicd.ask("pools")).stdout;
    expect(pools).toMatch(/^0 {2}home {2}/m);
    expect(pools).not.toContain("planted-pool-password");
  });

  test("the chips of one board are told, and a board that is not there is named", async () => {
    await using asicd = await machine();
    const { stdout } = await asicd.ask("boards", "--chips", "2");
    expect(stdout.trimEnd().split("\n")).toHaveLength(127);
    const { exitCode, stderr } = await asicd.ask("boards", "--chips", "9");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/board/);
  });

  test("log lines are text, or one JSON object each", async () => {
    await using asicd = await machine();
    asicd.logs.add(
      '{"level":"warn","time":"2026-01-02T03:04:05.000Z","port":80,"msg":"port taken"}',
    );
    const { stdout } = await asicd.ask("logs", "--lines", "5");
    expect(stdout).toBe("2026-01-02 03:04:05  warn   port taken  port=80\n");
    const json = (await asicd.ask("logs", "--json")).stdout.trimEnd();
    expect(JSON.parse(json)).toMatchObject({ level: "warn", text: "port taken" });
  });
});

describe("events", () => {
  test("of a running asicd are told with what operators did", async () => {
    await using asicd = await machine();
    await asicd.ask("pause");
    const { exitCode, stdout } = await asicd.ask("events", "--last", "1");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^\d{4}-\d\d-\d\d .*operator: cli: pause: done \[operator: pause: done\]\n$/,
    );
    const json = (await asicd.ask("events", "--last", "1", "--json")).stdout;
    expect(JSON.parse(json)).toMatchObject({ what: "action-pause" });
  });

  test("are read from a file or asked for, not both", async () => {
    const { exitCode, stderr } = await ask(["events", "--url", "http://a", "--state-dir", "/b"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--socket and --url ask");
  });
});

describe("actions", () => {
  test.each([
    [["pause"], { do: "pause" }],
    [["resume"], { do: "resume" }],
    [["identify"], { do: "identify", seconds: 60 }],
    [["identify", "--seconds", "0"], { do: "identify", seconds: 0 }],
    [["restart"], { do: "restart" }],
    [["restart", "--miner"], { do: "restart-miner" }],
    [["restart", "--chain", "2"], { do: "restart-chain", chain: 2 }],
    [["switch-pool", "1"], { do: "switch-pool", pool: 1 }],
    [["switch-pool", "away"], { do: "switch-pool", pool: 1 }],
  ])("%j reaches the machine", async (argv, action) => {
    await using asicd = await machine();
    const { exitCode, stdout } = await asicd.ask(...argv);
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
    expect(asicd.operated.requests).toEqual([
      { ask: "act", action, actor: { name: "cli", scope: "admin" } },
    ]);
  });

  test("that are refused say why and end with 1, for scripts too", async () => {
    await using asicd = await machine();
    asicd.operated.answerWith(() => ({ is: "refused", code: "not-now", text: "the board is hot" }));
    const { exitCode, stdout, stderr } = await asicd.ask("resume");
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: "asicd: the board is hot\n",
    });
    const forScripts = await asicd.ask("resume", "--json");
    expect(forScripts.exitCode).toBe(1);
    expect(JSON.parse(forScripts.stdout)).toEqual({
      error: { code: "not-now", text: "the board is hot" },
    });
  });

  test("for a pool that is not there name those that are", async () => {
    await using asicd = await machine();
    const { exitCode, stderr } = await asicd.ask("switch-pool", "work");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("there is no pool work; there are 0 (home), 1 (away)");
    expect(asicd.operated.requests).toEqual([]);
  });
});

describe("tokens", () => {
  test("are made, used over the network, listed and deleted", async () => {
    await using asicd = await machine();
    const made = await asicd.ask("token", "create", "fleet", "--scope", "control", "--days", "90");
    expect(made.exitCode).toBe(0);
    expect(made.stderr).toContain("Token fleet, scope control, until");
    const token = made.stdout.trim();
    expect(token).toMatch(/^asicd_\S+$/);
    const env = { ASICD_URL: asicd.url, ASICD_TOKEN: token };
    expect(await ask(["pause"], { env })).toMatchObject({ exitCode: 0 });
    expect(asicd.operated.requests).toMatchObject([{ actor: { name: "token fleet" } }]);
    expect((await asicd.ask("token", "list")).stdout).toMatch(/fleet +control/);
    expect((await asicd.ask("token", "revoke", "fleet")).exitCode).toBe(0);
    const refused = await ask(["pause"], { env });
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("asicd token create NAME");
    expect((await asicd.ask("token", "revoke", "fleet")).stderr).toContain("no token fleet");
  });

  test("of a smaller scope do not do more", async () => {
    await using asicd = await machine();
    const token = (await asicd.ask("token", "create", "viewer")).stdout.trim();
    const args = ["--url", asicd.url, "--token", token];
    expect((await ask(["status", ...args])).exitCode).toBe(0);
    expect((await ask(["pause", ...args])).exitCode).toBe(1);
    expect((await ask(["token", "list", ...args])).exitCode).toBe(1);
    expect(asicd.operated.requests).toEqual([]);
  });
});

describe("an asicd that cannot be reached", () => {
  test("is told apart from one that refuses: exit code 3", async () => {
    const nowhere = join(tmpdir(), "no-such-asicd.sock");
    const { exitCode, stdout, stderr } = await ask(["status", "--socket", nowhere]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
    expect(stderr).toBe(
      `asicd: cannot be reached: ${nowhere}: there is no such socket; is asicd running?\n`,
    );
    expect((await ask(["status", "--watch", "--socket", nowhere])).exitCode).toBe(3);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const json = await ask(["pause", "--json", "--url", url]);
    expect(json.exitCode).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: "unreachable" } });
  });

  test("is also somebody else's web server", async () => {
    await using other = await imposter(200, "<html>");
    const { exitCode, stderr } = await ask(["status", "--url", other.url]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain("answers 200, and not as asicd does");
  });
});

test("what a stranger wrote does not command the terminal", async () => {
  const text = "no\x1b]0;owned\x07 \u202eway";
  await using other = await imposter(409, JSON.stringify({ error: { code: "x", text } }));
  const { stderr } = await ask(["pause", "--url", other.url]);
  expect(stderr).toBe("asicd: no?]0;owned? ?way\n");
});

describe("a wrong command line", () => {
  test.each([
    [["status", "--url", "nowhere"], "--url: is no address of an asicd"],
    [["status", "--url", "http://a", "--socket", "/b"], "--socket: is given with --url"],
    [["status", "--token", "asicd_x"], "--token: is of no use without --url"],
    [["restart", "--miner", "--chain", "1"], "--miner: is given with --chain"],
    [["restart", "--chain", "x"], '--chain: "x" is not valid'],
    [["switch-pool"], "N: is needed"],
    [["token"], "token: needs to be told what to do; allowed: create, list, revoke"],
    [["token", "create"], "create: needs the name of a token"],
    [["token", "make", "x"], '"make": is not known'],
    [["token", "create", "x", "--scope", "root"], "allowed: read, control, admin"],
    [["completion", "tcsh"], "allowed: bash, zsh, fish"],
  ])("%j ends with 2 and says what is wrong", async (argv, text) => {
    const { exitCode, stdout, stderr } = await ask(argv);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(text);
  });
});

test("every command explains itself within 80 columns, and the exit code 3 where it can be", async () => {
  for (const { name } of commands) {
    const { stdout } = await ask([name, "--help"]);
    for (const line of stdout.split("\nExamples:")[0]?.split("\n") ?? [])
      expect(line.length).toBeLessThanOrEqual(80);
    if (name !== "completion") expect(stdout).toContain("Exit code 3");
  }
});
