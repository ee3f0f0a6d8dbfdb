/** What other people's tools take the machine for, whatever an operator writes into its settings. */
import { describe, expect, test } from "vitest";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import type { DeviceFacts } from "../../src/api/operator-link.ts";
import type { Persona } from "../../src/api/status.ts";
import { answerRequest } from "../../src/compat/cgminer/answer.ts";
import type { ApiRequest } from "../../src/compat/cgminer/request.ts";
import { ZeroMark } from "../../src/compat/cgminer/zero.ts";
import { rootPageMeta } from "../../src/compat/root-page.ts";
import {
  withoutTriggers,
  wordsForbiddenOn4028,
  wordsForbiddenOnPage,
} from "../../src/compat/trigger-words.ts";
import { sampleFacts } from "../support/operated-device.ts";
import { type MachineWithSettings, machineWithSettings } from "./machine-with-settings.ts";

const clock = new SystemClock();
const everyWord = wordsForbiddenOn4028("none");

async function answerOf(
  machine: MachineWithSettings,
  command: string,
  changes: Partial<ApiRequest> = {},
): Promise<string> {
  const request = {
    form: "json",
    commands: [command],
    isJoined: false,
    parameter: undefined,
    newApi: false,
    ...changes,
  } as const;
  const parts = { device: machine.device, zero: new ZeroMark(), unixSeconds: 1_750_000_000 };
  return answerRequest(request, { address: "127.0.0.1", access: "read" }, parts);
}

/** With every trigger in everything that an operator or a declaration can name. */
async function maliciousMachine(persona: Persona): Promise<MachineWithSettings> {
  const words = everyWord.join(" ");
  const facts: Partial<DeviceFacts> = {
    hostname: words,
    model: persona === "antminer" ? "Antminer S19j Pro (Amlogic)" : `Machine ${words}`,
    chip: `BM1362 ${words}`,
    version: `0.1.0-${words}`,
    serialNumber: words,
    boards: sampleFacts.boards.map((board) => ({ ...board, uart: `/dev/${words}`, chip: words })),
  };
  const pools = everyWord.slice(0, 8).map((word, i) => ({
    url: `stratum+tcp://${word.replace("_", "-")}.example:3333`,
    user: words,
    name: `${word}${i}`,
  }));
  return machineWithSettings({
    clock,
    facts,
    config: { name: "BOSMINER", pools, compat: { persona } },
  });
}

describe.each(["antminer", "axeos", "none"] as const)("persona %s", (persona) => {
  test.each(["json", "text"] as const)(
    "says no foreign word in version and devdetails (%s)",
    async (form) => {
      await using machine = await maliciousMachine(persona);
      for (const command of ["version", "devdetails"]) {
        const text = (await answerOf(machine, command, { form })).toUpperCase();
        expect(wordsForbiddenOn4028(persona).filter((word) => text.includes(word))).toEqual([]);
        if (command === "version") expect(text.includes("ANTMINER")).toBe(persona === "antminer");
      }
    },
  );

  test("has only its own word for the root page", () => {
    const meta = rootPageMeta(persona);
    expect(wordsForbiddenOnPage(persona).filter((word) => meta.includes(word))).toEqual([]);
    expect(meta.includes("AxeOS")).toBe(persona === "axeos");
  });
});

test("a word is broken wherever it stands, in any case, and stays readable", () => {
  expect(withoutTriggers("myBosMinerbosminer", "antminer")).toBe("myB-osMinerb-osminer");
  expect(withoutTriggers("Antminer S19", "antminer")).toBe("Antminer S19");
  expect(withoutTriggers("Antminer S19", "none")).toBe("A-ntminer S19");
});

test("the hardware has its maker's name, the firmware ours", async () => {
  await using machine = await machineWithSettings({
    clock,
    facts: { model: "Antminer S19j Pro (Amlogic)" },
    config: { compat: { persona: "antminer" } },
  });
  expect(JSON.parse(await answerOf(machine, "version"))).toMatchObject({
    VERSION: [
      {
        BMMiner: "asicd 0.1.0",
        Miner: "asicd 0.1.0",
        CompileTime: "asicd 0.1.0",
        Type: "Antminer S19j Pro",
      },
    ],
  });
});

test("an operator's wish for a persona does not make other hardware an Antminer by name", async () => {
  await using machine = await machineWithSettings({
    clock,
    config: { compat: { persona: "antminer" } },
  });
  const { VERSION } = JSON.parse(await answerOf(machine, "version"));
  expect(VERSION[0].Type).toBe("Antminer compatible, Virtual machine of 3 × 126 BM1362");
});

describe("numbers", () => {
  const commands = ["summary", "devs", "pools", "stats", "lcd", "coin", "notify"];
  test.each(["antminer", "none"] as const)("of persona %s have no exponent", async (persona) => {
    await using machine = await machineWithSettings({ clock, config: { compat: { persona } } });
    const texts = await Promise.all(commands.map((command) => answerOf(machine, command)));
    texts.push(await answerOf(machine, "stats", { newApi: true }));
    for (const text of texts) {
      expect(text).not.toMatch(/:-?[\d.]+e[+-]?\d/i);
      expect(text).not.toMatch(/null|NaN|Infinity|undefined/);
      expect(() => JSON.parse(text)).not.toThrow();
    }
  });

  test("of a simulated rate have at least four digits that count", async () => {
    await using machine = await machineWithSettings({
      clock,
      config: { compat: { persona: "antminer" } },
    });
    const { s5 } = machine.device.status().hashrate.hashrateHps;
    const { SUMMARY } = JSON.parse(await answerOf(machine, "summary"));
    expect(Math.abs(SUMMARY[0]["GHS 5s"] * 1e9 - s5) / s5).toBeLessThan(1e-4);
    const { STATS } = JSON.parse(await answerOf(machine, "stats"));
    expect(STATS[1].chain_rate1).toMatch(/^0\.000\d{5}/);
  });

  test("that strict readers want whole are whole", async () => {
    await using machine = await machineWithSettings({
      clock,
      config: { compat: { persona: "antminer" } },
    });
    const text = await answerOf(machine, "stats", { newApi: true });
    const chain = JSON.parse(text).STATS[0].chain[0];
    for (const key of ["freq_avg", "asic_num", "hw", "index"])
      expect(text).toMatch(new RegExp(`"${key}":\\d+[,}]`));
    expect(text).toMatch(/"temp_pcb":\[\d+,\d+,\d+,\d+\]/);
    expect(chain.temp_pcb).toEqual([46, 0, 0, 0]);
    const { POOLS } = JSON.parse(await answerOf(machine, "pools"));
    expect(typeof POOLS[0].Diff).toBe("string");
    expect(POOLS[0]["Last Share Time"]).toMatch(/^\d+:\d\d:\d\d$/);
  });
});
