import { describe, expect, test } from "vitest";
import type { CommandContext } from "../../../firmware/cli/command.ts";
import { parseCommandLine } from "../../../firmware/cli/parse-args.ts";
import { systemEntropy } from "../../../firmware/platform/system-entropy.ts";
import { dialTcp } from "../../../firmware/platform/tcp-dialer.ts";
import { readPoolSettings, simulatePoolCommand } from "../../../simulator/pool/command.ts";
import { defaultPoolOptions } from "../../../simulator/pool/options.ts";
import { poolOptionsOf } from "../../../simulator/pool/settings.ts";
import { AUTHORITY_KEY } from "./pool-bench.ts";
import { ScriptedClient } from "./scripted-client.ts";

function settingsOf(...argv: string[]) {
  const args = parseCommandLine(simulatePoolCommand, argv);
  const settings = readPoolSettings(args);
  args.flag("json");
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
      ...["--quirk", "max-channels=1"],
    );
    expect(settings).toMatchObject({ host: "::1", port: 5 });
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
  ])("%j is refused with what is allowed", (argv, message) => {
    expect(() => settingsOf(...argv)).toThrow(message);
  });
});

describe("the command simulate-pool", () => {
  test("prints its URL, serves a device on TCP, tells events as JSON, and ends on a signal", async () => {
    const abort = new AbortController();
    const lines: { event: string; [name: string]: unknown }[] = [];
    let onLine = () => {};
    const seen = (event: string) =>
      new Promise<(typeof lines)[number]>((resolve) => {
        onLine = () => {
          const found = lines.find((line) => line.event === event);
          if (found !== undefined) resolve(found);
        };
        onLine();
      });
    const context: CommandContext = {
      stdout(text) {
        lines.push(JSON.parse(text));
        onLine();
      },
      stderr() {},
      isTerminal: false,
      terminalSize: () => ({ columns: 80, rows: 24 }),
      signal: abort.signal,
      env: {},
    };
    const args = parseCommandLine(simulatePoolCommand, ["--listen", "127.0.0.1:0", "--json"]);
    const exit = simulatePoolCommand.run(args, context);
    const { url, port } = await seen("listening");
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
    expect(await seen("channel-opened")).toMatchObject({ channel: 2, nominalHps: 1e6 });
    abort.abort();
    expect(await exit).toBe(0);
    expect(await seen("stopped")).toMatchObject({ accepted: 0, rejected: 0, connections: 1 });
  });
});
