import { describe, expect, test } from "vitest";
import type { CommandContext } from "../../../firmware/cli/command.ts";
import { parseCommandLine } from "../../../firmware/cli/parse-args.ts";
import { systemEntropy } from "../../../firmware/platform/system-entropy.ts";
import { dialTcp } from "../../../firmware/platform/tcp-dialer.ts";
import { simulatePoolCommand } from "../../../simulator/pool/command.ts";
import { readPoolSettings } from "../../../simulator/pool/command-options.ts";
import { EventLines } from "../../../simulator/pool/command-text.ts";
import { defaultPoolOptions } from "../../../simulator/pool/options.ts";
import { poolOptionsOf } from "../../../simulator/pool/settings.ts";
import { AUTHORITY_KEY } from "./pool-bench.ts";
import { ScriptedClient } from "./scripted-client.ts";
import { ScriptedV1Client } from "./scripted-v1-client.ts";

function settingsOf(...argv: string[]) {
  const args = parseCommandLine(simulatePoolCommand, argv);
  const settings = readPoolSettings(args);
  args.finish();
  return settings;
}

describe("the options of simulate-pool", () => {
  test("none: the default pool on port 34254", () => {
    const settings = settingsOf();
    expect(settings).toMatchObject({ host: "127.0.0.1", port: 34254 });
    expect(poolOptionsOf(settings)).toEqual(defaultPoolOptions);
  });

  test("each of them reaches the pool", () => {
    const settings = settingsOf(
      ...[
        "--listen",
        "[::1]:5",
        "--plaintext",
        "--shares-per-minute",
        "6",
        "--share-batch-size",
        "1",
      ],
      ...[
        "--acknowledge-within",
        "never",
        "--block-interval",
        "2m",
        "--template-interval",
        "500ms",
      ],
      ...["--vardiff", "never", "--nbits", "0x207fffff", "--version-mask", "bip320"],
      ...["--group-prev-hash", "--leniency", "ntime-ahead=120s", "--leniency", "empty-vendor"],
      ...["--quirk", "max-channels=1", "--v1-listen", "127.0.0.1:3333", "--v1-difficulty", "2.5"],
      ...["--channels", "extended", "--extranonce-size", "4", "--channel-jobs"],
      ...["--extension", "required", "--user", "alice", "--user", "bob"],
      ...["--coinbase-script", "51", "--max-connections", "7"],
    );
    expect(settings).toMatchObject({
      host: "::1",
      port: 5,
      v1Listen: { host: "127.0.0.1", port: 3333 },
    });
    expect(JSON.parse(JSON.stringify(settings))).toEqual(settings);
    expect(poolOptionsOf(settings)).toEqual({
      authoritySecret: undefined,
      sharesPerMinute: 6,
      shareBatchSize: 1,
      acknowledgeWithinMs: undefined,
      vardiffPeriodMs: undefined,
      blockIntervalMs: 120_000,
      templateIntervalMs: 500,
      nbits: 0x207fffff,
      height: defaultPoolOptions.height,
      versionMask: "bip320",
      prevHashTo: "group",
      jobsTo: "channel",
      channels: "extended",
      extranonceSize: 4,
      extension: "required",
      users: ["alice", "bob"],
      coinbaseScript: Uint8Array.of(0x51),
      v1Difficulty: 2.5,
      maxConnections: 7,
      leniencies: new Map([
        ["ntime-ahead", 120],
        ["empty-vendor", 1],
      ]),
      quirks: new Map([["max-channels", 1]]),
    });
  });

  test.each([
    [["--listen", "here"], /--listen.*HOST:PORT/],
    [["--listen", "127.0.0.1:65536"], /--listen/],
    [["--leniency", "kindness"], /--leniency.*ntime-ahead/],
    [["--quirk", "max-channels"], /--quirk.*max-channels=N/],
    [["--nbits", "0x217fffff"], /--nbits/],
    [["--share-batch-size", "0"], /--share-batch-size/],
    [["--v1-listen", "3333"], /--v1-listen.*HOST:PORT/],
    [["--channels", "all"], /--channels.*both, standard, extended/],
    [["--extension", "yes"], /--extension.*supported/],
    [["--extranonce-size", "25"], /--extranonce-size.*0 to 24/],
    [["--coinbase-script", "5"], /--coinbase-script.*even/],
    [["--coinbase-script", "00".repeat(253)], /--coinbase-script.*252/],
  ])("%j is refused with what is allowed", (argv, message) => {
    expect(() => settingsOf(...argv)).toThrow(message);
  });
});

describe("lines about events", () => {
  test("are fifty a second at most; the others are counted", () => {
    let text = "";
    const lines = new EventLines((line) => {
      text += line;
    });
    for (let i = 0; i < 1_000; i++)
      lines.tell({ event: "ignored", connection: i, what: "a\u001bb" }, 7);
    lines.tell({ event: "template", height: 1, jobId: 1 }, 8);
    expect(text.split("\n")).toHaveLength(51);
    expect(text).toContain('ignored connection=0 what="a\\u001bb"\n');
    lines.tell({ event: "connected", connection: 1, remote: "r" }, 8);
    expect(text).toContain("ignored: 950 more\nconnected ");
    lines.flush();
    expect(text).not.toMatch(/connected: /);
  });
});

/** The command as it runs in a terminal, up to the signal. */
function running(...argv: string[]) {
  const abort = new AbortController();
  let [stdout, stderr] = ["", ""];
  let wake = () => {};
  const context: CommandContext = {
    stdout(text) {
      stdout += text;
      wake();
    },
    stderr(text) {
      stderr += text;
    },
    isTerminal: false,
    terminalSize: () => ({ columns: 80, rows: 24 }),
    signal: abort.signal,
    env: {},
  };
  const exit = simulatePoolCommand.run(parseCommandLine(simulatePoolCommand, argv), context);
  const until = async <T>(find: (stdout: string) => T | undefined): Promise<T> => {
    for (;;) {
      const found = find(stdout);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    until,
    async end() {
      abort.abort();
      return { exit: await exit, stdout, stderr };
    },
  };
}

type Line = { event: string; [name: string]: unknown };
const lineOf = (event: string) => (stdout: string) =>
  stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line)
    .find((line) => line.event === event);

describe("the command simulate-pool", () => {
  test("prints its URL, serves a device on TCP, tells events as JSON, and ends on a signal", async () => {
    const command = running("--listen", "127.0.0.1:0", "--json");
    const { url, port } = await command.until(lineOf("listening"));
    expect(url).toBe(
      `stratum2+tcp://127.0.0.1:${port}/9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72`,
    );
    const client = new ScriptedClient(
      await dialTcp("127.0.0.1", Number(port), new AbortController().signal),
      {
        authorityKey: AUTHORITY_KEY,
        unixSeconds: Math.floor(Date.now() / 1_000),
        entropy: systemEntropy,
      },
    );
    client.setUp();
    client.open(1, 1e6);
    expect(await command.until(lineOf("channel-opened"))).toMatchObject({
      channel: 2,
      nominalHps: 1e6,
    });
    const { exit, stdout } = await command.end();
    expect(exit).toBe(0);
    expect(lineOf("stopped")(stdout)).toMatchObject({
      accepted: 0,
      rejected: 0,
      connections: 1,
      users: [],
    });
  });

  test("with Stratum V1 and figures it prints their addresses too, and sums up per user", async () => {
    const any = "127.0.0.1:0";
    const command = running("--listen", any, "--v1-listen", any, "--stats", any);
    const urls = await command.until((stdout) =>
      stdout.includes("http:") ? stdout.trim().split("\n") : undefined,
    );
    expect(urls).toEqual([
      expect.stringMatching(/^stratum2\+tcp:/),
      expect.stringMatching(/^stratum\+tcp:\/\/127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^http:/),
    ]);
    const port = Number(new URL(urls[1] as string).port);
    const client = new ScriptedV1Client(
      await dialTcp("127.0.0.1", port, new AbortController().signal),
    );
    client.request("mining.suggest_difficulty", [1e-10]);
    client.request("mining.subscribe", ["asicd test"]);
    client.request("mining.authorize", ["alice.rig", ""]);
    await expect.poll(() => client.all("mining.notify").length).toBeGreaterThan(0);
    const id = client.submit({ nonce: 1, worker: "alice.rig", bits: null });
    await expect.poll(() => client.isAnswered(id)).toBe(true);
    const totals = (await (await fetch(urls[2] as string)).json()) as { accepted: number };
    expect(totals.accepted).toBe(1);
    const { exit, stderr } = await command.end();
    expect(exit).toBe(0);
    expect(client.ended).toBe(true);
    expect(stderr).toContain("shares accepted 1, rejected 0, blocks found 0");
    expect(stderr).toContain("  alice.rig: accepted 1, rejected 0");
  });

  test("a port that is taken is said, and nothing stays open", async () => {
    const first = running("--listen", "127.0.0.1:0", "--json");
    const { port } = await first.until(lineOf("listening"));
    const taken = `127.0.0.1:${port}`;
    const second = running("--listen", "127.0.0.1:0", "--v1-listen", taken);
    await expect(second.end()).rejects.toMatchObject({ code: "EADDRINUSE" });
    await first.end();
  });
});
