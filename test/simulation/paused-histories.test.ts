/** Whatever else happens to a machine: while it is paused, no board has power. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { MachineSettings } from "../../firmware/guard/guard-setup.ts";
import { VirtualPlant } from "../support/virtual-plant.ts";

/** From the operator's word to the last volt; a guard that dies at that moment has to be started first. */
const OFF_WITHIN_MS = 3_000;

type Step =
  | { readonly do: "settings"; readonly change: Partial<MachineSettings> }
  | { readonly do: "pools"; readonly some: boolean }
  | { readonly do: "restart-chain"; readonly chain: number }
  | { readonly do: "restart-miner" | "kill-miner" | "kill-guard" | "clear" | "cut-pool" | "back" }
  | { readonly do: "freeze-miner"; readonly ms: number }
  | { readonly do: "wait"; readonly ms: number };

const pause = fc.constant<Step>({ do: "settings", change: { paused: true } });
const resume = fc.constant<Step>({ do: "settings", change: { paused: false } });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: pause },
  { weight: 4, arbitrary: resume },
  {
    weight: 2,
    arbitrary: fc
      .record({ frequencyMHz: fc.integer({ min: 60, max: 700 }) })
      .map((change): Step => ({ do: "settings", change })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ voltageV: fc.constantFrom(14, 14.2, 14.4) })
      .map((change): Step => ({ do: "settings", change })),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("pools" as const), some: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("restart-chain" as const),
      chain: fc.integer({ min: 0, max: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "restart-miner" as const,
        "kill-miner" as const,
        "kill-guard" as const,
        "clear" as const,
        "cut-pool" as const,
        "back" as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("freeze-miner" as const),
      ms: fc.constantFrom(500, 2_000, 6_000),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.constantFrom(20, 300, 1_000, 4_000, 12_000),
    }),
  },
);

test("in any history a paused machine has no power a few seconds later, and a resumed one gets it back", async () => {
  const seen = { paused: 0, powered: 0, resumed: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("s21-pro", "s19j-pro"),
      fc.array(step, { minLength: 6, maxLength: 14 }),
      async (id, steps) => {
        // A low clock is reached soon.
        using machine = new VirtualPlant({ machine: id, settings: { frequencyMHz: 75 } });
        const { pools } = machine;
        let pausedSinceMs: number | undefined;
        const watch = async (ms: number) => {
          await machine.run(ms, () => {
            const isPowered = machine.plant.state().chains.some(({ hasPower }) => hasPower);
            if (isPowered) seen.powered++;
            const since = pausedSinceMs === undefined ? 0 : machine.nowMs - pausedSinceMs;
            if (since > OFF_WITHIN_MS) {
              seen.paused++;
              expect(isPowered).toBe(false);
            }
            return false;
          });
        };
        void machine.startGuard();
        await watch(9_000);
        for (const one of steps) {
          act(machine, one, pools);
          if (one.do === "settings" && one.change.paused !== undefined)
            pausedSinceMs = one.change.paused ? (pausedSinceMs ?? machine.nowMs) : undefined;
          await watch(one.do === "wait" ? one.ms : 100);
        }
        await watch(OFF_WITHIN_MS + 3_000);
        machine.changePools(pools);
        machine.changeSettings({ paused: false });
        pausedSinceMs = undefined;
        machine.guard?.guard.clear(null);
        machine.hasPool = true;
        await machine.run(150_000, () => machine.isHashing);
        expect(machine.isHashing).toBe(true);
        seen.resumed++;
      },
    ),
    { numRuns: 12 },
  );
  // The histories reach what they are about.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(5);
}, 300_000);

function act(machine: VirtualPlant, one: Step, pools: VirtualPlant["pools"]): void {
  const guard = machine.guard?.guard;
  switch (one.do) {
    case "settings":
      machine.changeSettings(one.change);
      return;
    case "pools":
      machine.changePools(one.some ? pools : []);
      return;
    case "restart-chain":
      guard?.restartChain(one.chain, "test");
      return;
    case "restart-miner":
      guard?.restartMiner("test");
      return;
    case "kill-miner":
      machine.killMiner();
      return;
    case "kill-guard":
      if (guard !== undefined) machine.killGuard();
      return;
    case "clear":
      guard?.clear(null);
      return;
    case "cut-pool":
      machine.hasPool = false;
      return;
    case "back":
      machine.hasPool = true;
      return;
    case "freeze-miner": {
      const process = machine.miner?.process;
      process?.freeze();
      machine.clock.after(one.ms, () => process?.thaw());
      return;
    }
    case "wait":
      return;
    default:
      one satisfies never;
  }
}
