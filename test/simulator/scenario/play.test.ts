/** The command over real TCP, with a puppet for a device. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { CommandContext } from "../../../firmware/cli/command.ts";
import { dialTcp } from "../../../firmware/platform/tcp-dialer.ts";
import { playScenarios } from "../../../simulator/scenario/play.ts";
import { ConfigError } from "../../../src/lib/errors.ts";
import { Puppet } from "./puppet.ts";

const folder = mkdtempSync(join(tmpdir(), "asicd-scenario-"));
afterAll(() => rmSync(folder, { recursive: true }));

const anyPort = { host: "127.0.0.1", port: 0, v1Port: undefined, json: false };

function written(name: string, steps: string): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    `name: t\nproves: some rule\nprotocol: sv2\nplaintext: true\nsteps:\n${steps}`,
  );
  return path;
}

/** What the command printed; `onUrl` is told where to connect. */
function context(onUrl: (port: number) => void = () => {}) {
  const out: string[] = [];
  const abort = new AbortController();
  const fake: CommandContext = {
    stdout: (text) => void out.push(text),
    stderr(text) {
      const [, port] = /stratum2\+tcp\+insecure:\/\/127\.0\.0\.1:(\d+)/.exec(text) ?? [];
      if (port !== undefined) onUrl(Number(port));
    },
    isTerminal: false,
    terminalSize: () => ({ columns: 80, rows: 24 }),
    signal: abort.signal,
    env: {},
  };
  return { fake, out, abort };
}

async function connect(port: number): Promise<void> {
  const stream = await dialTcp("127.0.0.1", port, new AbortController().signal);
  new Puppet(stream, "sv2").setUp();
}

describe("asicd simulate-pool --script", () => {
  test("plays a file over TCP, says what came of it, and ends well", async () => {
    const file = written("good.yaml", "  - setUp\n  - close\n");
    const { fake, out } = context((port) => void connect(port));
    expect(await playScenarios([file], anyPort, fake)).toBe(0);
    expect(out.join("")).toMatch(/^passed +good +.*1 connection, 0 shares\n1 passed\n$/);
  });

  test("a failure has its file and line, and an exit code", async () => {
    const file = written("bad.yaml", "  - expect: SetupConnection\n    with: { vendor: other }\n");
    const { fake, out } = context((port) => void connect(port));
    expect(await playScenarios([file], { ...anyPort, json: true }, fake)).toBe(1);
    const [result, summary] = out.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(result).toMatchObject({ event: "scenario", id: "bad", verdict: "failed" });
    expect(result?.["failures"]).toEqual([
      `${file}:6: expect SetupConnection: vendor: expected other, came puppet`,
    ]);
    expect(summary).toEqual({
      event: "summary",
      passed: 0,
      failed: 1,
      interrupted: 0,
      notPlayed: 0,
    });
  });

  test("the device finds the next scenario at the same port", async () => {
    const ports: number[] = [];
    const file = written("again.yaml", "  - setUp\n  - close\n");
    const { fake } = context((port) => {
      ports.push(port);
      void connect(port);
    });
    expect(await playScenarios([file, file], anyPort, fake)).toBe(0);
    expect(ports).toHaveLength(2);
    expect(ports[0]).toBe(ports[1]);
  });

  test("a signal ends it; what was not played is no success", async () => {
    const file = written("endless.yaml", "  - setUp\n  - wait: 1h\n");
    const { fake, out, abort } = context(() => abort.abort());
    expect(await playScenarios([file, file], anyPort, fake)).toBe(1);
    expect(out.join("")).toMatch(
      /^interrupted endless .*\n0 passed, 1 interrupted, 1 not played\n$/,
    );
  });

  test("list shows every shipped scenario", async () => {
    const { fake, out } = context();
    expect(await playScenarios(["list"], anyPort, fake)).toBe(0);
    expect(out.join("")).toMatch(/^sv1-[a-z-]+ +[A-Z].*\n/);
    expect(out.join("")).toContain("sv2-happy-path");
  });

  test("files that do not exist or make no sense are told together", async () => {
    const broken = written("broken.yaml", "  - seetUp\n");
    const { fake } = context();
    const played = playScenarios(["sv2-hapy-path", broken], anyPort, fake);
    await expect(played).rejects.toThrow(ConfigError);
    await expect(played).rejects.toThrow(/did you mean sv2-happy-path\?.*did you mean setUp\?/s);
  });
});
