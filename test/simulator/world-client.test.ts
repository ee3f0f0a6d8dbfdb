import { expect, onTestFinished, test } from "vitest";
import { openWorld } from "../../simulator/world-client.ts";

test("a world whose process cannot be started rejects with the reason", async () => {
  const { execPath } = process;
  onTestFinished(() => {
    process.execPath = execPath;
  });
  process.execPath = "/nowhere/node";
  const options = {
    machine: { board: "bitaxe-gamma" },
    nominalHps: 1e12,
    seed: 1,
    faults: [],
    portsSocket: "/nowhere/ports.sock",
  };
  await expect(openWorld(options, new AbortController().signal)).rejects.toThrow(
    "the simulated world cannot run (spawn /nowhere/node ENOENT)",
  );
});
