import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  alwaysOnRules,
  type ChainEvent,
  type ChainLifecycleRules,
  type ChainState,
  type ChainStep,
  guardedChainRules,
  initialChainState,
  stepChain,
  wantsPower,
} from "../../src/hashing/chain-lifecycle.ts";

const HOUR_MS = 3_600_000;
const SILENT_AFTER_MS = 10_000;
const rules = guardedChainRules;
const quiet = { on: "tick", silentForMs: 0, silentAfterMs: SILENT_AFTER_MS } as const;
const silent = { ...quiet, silentForMs: SILENT_AFTER_MS };

/** A chain's life with somebody who performs what it says, and notices when that makes no sense. */
class Life {
  state: ChainState = initialChainState;
  nowMs = 0;
  frequencyMHz = 525;
  mayRunWithFewerChips = true;
  doing: "nothing" | "bring-up" | "hashing" = "nothing";
  acceptsFewer = false;
  bringUps = 0;
  readonly told: ChainStep["events"][number][] = [];
  readonly #rules: ChainLifecycleRules;

  constructor(own: ChainLifecycleRules = rules) {
    this.#rules = own;
  }

  take(event: ChainEvent): void {
    const facts = {
      chipsExpected: 126,
      mayRunWithFewerChips: this.mayRunWithFewerChips,
      frequencyMHz: this.frequencyMHz,
    };
    const step = stepChain(this.state, event, this.nowMs, this.#rules, facts);
    this.state = step.state;
    this.told.push(...step.events);
    if (event.on === "up" && this.doing === "bring-up") this.doing = "hashing";
    if (event.on === "failed" && this.doing === "bring-up") this.doing = "nothing";
    for (const effect of step.effects) {
      switch (effect.do) {
        case "bring-up":
          if (this.doing !== "nothing") throw new Error(`bring-up during ${this.doing}`);
          this.doing = "bring-up";
          this.acceptsFewer = effect.acceptFewerChips;
          this.bringUps++;
          break;
        case "abort-bring-up":
          // One that has just failed by itself may be aborted once more.
          if (this.doing === "hashing") throw new Error("a chain that hashes is closed");
          this.doing = "nothing";
          break;
        case "close":
          if (this.doing !== "hashing") throw new Error(`close during ${this.doing}`);
          this.doing = "nothing";
          break;
        default:
          effect satisfies never;
      }
    }
  }

  wait(ms: number, tick: ChainEvent = quiet): void {
    for (let waited = 0; waited < ms; waited += 100) {
      this.nowMs += 100;
      this.take(tick);
    }
  }

  grant(): void {
    this.take({ on: "granted", grant: this.bringUps + 1 });
  }

  fail(): void {
    this.take({ on: "failed", code: "not-found", reason: "found 124 chips, expected 126" });
  }

  /** Resting is over, the guard has taken power back and gives it anew. */
  rest(): void {
    this.take({ on: "revoked", reason: "not wanted" });
    while (this.state.at === "resting") this.wait(100);
    this.grant();
  }

  static hashing(own?: ChainLifecycleRules): Life {
    const life = new Life(own);
    life.take({ on: "wanted" });
    life.grant();
    life.take({ on: "up", chipsFound: 126 });
    return life;
  }
}

describe("from off to hashing", () => {
  test("wanted, powered, found, configured, ramped, up", () => {
    const life = new Life();
    const seen: string[] = [life.state.at];
    const see = () => seen.at(-1) !== life.state.at && seen.push(life.state.at);
    life.take({ on: "wanted" });
    see();
    expect(life.doing).toBe("nothing");
    life.grant();
    see();
    for (const phase of ["probing", "addressing", "configuring", "switching-baud", "ramping"]) {
      life.take({ on: "phase", phase });
      see();
    }
    life.take({ on: "up", chipsFound: 126 });
    see();
    expect(seen).toEqual([
      ...["off", "powering", "enumerating", "configuring", "ramping", "hashing"],
    ]);
    expect(life.told).toEqual([]);
  });

  test("it waits for the guard for as long as that takes, and does nothing meanwhile", () => {
    const life = new Life();
    life.take({ on: "wanted" });
    life.wait(600_000);
    expect([life.state.at, life.doing]).toEqual(["powering", "nothing"]);
  });

  test("power is wanted while something is done with it, and given back in between", () => {
    const life = Life.hashing();
    expect(wantsPower(life.state)).toBe(true);
    life.wait(100, silent);
    expect([life.state.at, wantsPower(life.state)]).toEqual(["resting", false]);
    life.rest();
    expect(wantsPower(life.state)).toBe(true);
    life.take({ on: "unwanted", reason: "paused" });
    expect(life.state).toMatchObject({ at: "off", reason: "paused" });
    expect([wantsPower(life.state), life.doing]).toEqual([false, "nothing"]);
  });

  test("what the guard takes is no failure: the chain waits, and is brought up again", () => {
    const life = Life.hashing();
    life.take({ on: "revoked", reason: "71 °C is dangerous" });
    expect([life.state.at, life.doing]).toEqual(["powering", "nothing"]);
    expect(life.state.attempt).toBe(1);
    life.grant();
    life.take({ on: "revoked", reason: "again" });
    expect([life.state.at, life.doing]).toEqual(["powering", "nothing"]);
    expect(life.told).toEqual([]);
  });
});

describe("a chain that does not come up", () => {
  test.each(["enumerating", "configuring", "ramping"] as const)("%s has a deadline", (phase) => {
    const life = new Life();
    life.take({ on: "wanted" });
    life.grant();
    const step = { enumerating: "probing", configuring: "configuring", ramping: "ramping" }[phase];
    life.take({ on: "phase", phase: step });
    life.wait(rules.deadlinesMs[phase] - 100);
    expect(life.state.at).toBe(phase);
    life.wait(100);
    expect([life.state.at, life.doing]).toEqual(["resting", "nothing"]);
    expect(life.told.at(-1)?.reason).toContain(phase);
  });

  test("fewer chips are a failure at first, accepted later, and said", () => {
    const life = new Life();
    life.take({ on: "wanted" });
    life.grant();
    const accepted = [life.acceptsFewer];
    while (!life.acceptsFewer) {
      life.fail();
      life.rest();
      accepted.push(life.acceptsFewer);
    }
    expect(accepted).toEqual([false, false, true]);
    life.take({ on: "up", chipsFound: 124 });
    expect(life.state).toMatchObject({ at: "hashing", chipsFound: 124 });
    expect(life.told.at(-1)).toMatchObject({ what: "fewer-chips", measured: 124, limit: 126 });
    expect(life.told.at(-1)?.reason).toContain("124 of 126");
  });

  test("where the board does not allow it they never are, and the chain is given up", () => {
    const life = new Life();
    life.mayRunWithFewerChips = false;
    life.take({ on: "wanted" });
    life.grant();
    for (let attempt = 1; attempt <= rules.attempts; attempt++) {
      expect(life.acceptsFewer).toBe(false);
      life.fail();
      if (attempt < rules.attempts) life.rest();
    }
    expect(life.state).toMatchObject({ at: "faulted", reason: "found 124 chips, expected 126" });
    expect([wantsPower(life.state), life.doing]).toEqual([false, "nothing"]);
    expect(life.told.map(({ what }) => what)).toEqual([
      ...["chain-retry", "chain-retry", "chain-retry", "chain-faulted"],
    ]);
  });

  test("a chain whose power nobody switches has one attempt", () => {
    const life = new Life(alwaysOnRules);
    life.take({ on: "wanted" });
    life.grant();
    expect(life.acceptsFewer).toBe(true);
    life.fail();
    life.wait(2 * HOUR_MS);
    expect([life.state.at, life.bringUps]).toEqual(["faulted", 1]);
  });
});

describe("a silent chain", () => {
  test("is restarted with growing pauses, and told", () => {
    const life = Life.hashing();
    const pausesMs = Array.from({ length: 5 }, () => {
      life.wait(100, silent);
      const { nowMs } = life;
      life.rest();
      const pauseMs = life.nowMs - nowMs;
      life.take({ on: "up", chipsFound: 126 });
      return pauseMs;
    });
    expect(pausesMs).toEqual([2_000, 10_000, 30_000, 60_000, 60_000]);
    expect(life.told[0]).toMatchObject({ what: "chain-restart", rule: "silent-chain", limit: 10 });
  });

  test("not a moment before it counts as silent", () => {
    const life = Life.hashing();
    life.wait(1_000, { ...silent, silentForMs: SILENT_AFTER_MS - 1 });
    expect(life.state.at).toBe("hashing");
  });

  const giveUp = () => {
    const life = Life.hashing();
    for (let restarts = 0; restarts <= 10; restarts++) {
      life.wait(100, silent);
      if (life.state.at !== "resting") break;
      life.rest();
      life.take({ on: "up", chipsFound: 126 });
    }
    return life;
  };

  test("is given up after five restarts within an hour, for an hour", () => {
    const life = giveUp();
    expect([life.state.at, life.bringUps]).toEqual(["faulted", 6]);
    expect(life.told.at(-1)?.action).toContain("5 restarts");
    life.wait(HOUR_MS - 100);
    expect(life.state.at).toBe("faulted");
    life.wait(100);
    expect(life.state.at).toBe("powering");
  });

  test("or until an operator acts, who gives it all its restarts back", () => {
    const life = giveUp();
    life.take({ on: "wanted" });
    life.grant();
    life.take({ on: "up", chipsFound: 126 });
    life.wait(100, silent);
    expect(life.state.at).toBe("resting");
  });

  test("never comes back at more than it failed at, until it has hashed for an hour", () => {
    const life = Life.hashing();
    life.frequencyMHz = 450;
    life.wait(100, silent);
    expect(life.state.maxMHz).toBe(450);
    life.rest();
    life.take({ on: "up", chipsFound: 126 });
    life.frequencyMHz = 500;
    life.wait(100, silent);
    expect(life.state.maxMHz).toBe(450);
    life.rest();
    life.take({ on: "up", chipsFound: 126 });
    life.wait(HOUR_MS);
    expect(life.state.maxMHz).toBeUndefined();
  });

  test("a port that goes away is a restart too", () => {
    const life = Life.hashing();
    life.take({ on: "gone", reason: "/dev/ttyS1: read: gone" });
    expect([life.state.at, life.doing]).toEqual(["resting", "nothing"]);
    expect(life.told.at(-1)).toMatchObject({ rule: "chain-gone" });
  });
});

describe("over any history of words, failures, grants and delays", () => {
  type Doing = ChainEvent | { readonly on: "wait"; readonly ms: number };
  const wait = fc.record({
    on: fc.constant("wait" as const),
    ms: fc.constantFrom(100, 1_000, 6_000, 40_000, 200_000, HOUR_MS),
  });
  const text = fc.constant("for the test");
  const doing: fc.Arbitrary<Doing> = fc.oneof(
    { weight: 4, arbitrary: wait },
    { weight: 5, arbitrary: fc.constant({ on: "granted" as const, grant: 1 }) },
    { weight: 4, arbitrary: fc.constantFrom(quiet, silent, silent) },
    {
      weight: 5,
      arbitrary: fc.record({
        on: fc.constant("up" as const),
        chipsFound: fc.constantFrom(0, 1, 126),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        on: fc.constant("phase" as const),
        phase: fc.constantFrom("probing", "configuring", "ramping", "starting", "never heard of"),
      }),
    },
    { weight: 2, arbitrary: fc.constant({ on: "wanted" as const }) },
    { weight: 1, arbitrary: fc.record({ on: fc.constant("unwanted" as const), reason: text }) },
    { weight: 2, arbitrary: fc.record({ on: fc.constant("revoked" as const), reason: text }) },
    {
      weight: 2,
      arbitrary: fc.record({
        on: fc.constant("failed" as const),
        code: fc.constantFrom("timeout", "not-found"),
        reason: text,
      }),
    },
    { weight: 1, arbitrary: fc.record({ on: fc.constant("gone" as const), reason: text }) },
  );
  const history = fc.array(doing, { minLength: 5, maxLength: 60, size: "max" });
  const isBringUp = (at: string) => ["enumerating", "configuring", "ramping"].includes(at);

  function everyStep(begin: (life: Life) => (before: ChainState) => void): void {
    fc.assert(
      fc.property(history, (doings) => {
        const life = new Life();
        life.take({ on: "wanted" });
        const look = begin(life);
        for (const one of doings) {
          const before = life.state;
          // What a chain can only say while it is brought up, or is there.
          if ((one.on === "up" || one.on === "failed") && life.doing !== "bring-up") continue;
          if (one.on === "gone" && life.doing !== "hashing") continue;
          if (one.on !== "wait") life.take(one);
          else if (one.ms <= 6_000) life.wait(one.ms);
          else {
            // Late ticks: a process that was busy or frozen.
            life.nowMs += one.ms;
            life.take(quiet);
          }
          look(before);
        }
      }),
      { numRuns: 300 },
    );
  }

  test("chips are brought up and worked with in the states that say so, and in no others", () => {
    everyStep((life) => () => {
      const { at } = life.state;
      expect(life.doing).toBe(
        isBringUp(at) ? "bring-up" : at === "hashing" ? "hashing" : "nothing",
      );
      expect(wantsPower(life.state)).toBe(at === "powering" || life.doing !== "nothing");
    });
  });

  test("no state of bring-up outlasts its deadline by more than a tick", () => {
    everyStep((life) => () => {
      const { state } = life;
      if (state.at !== "enumerating" && state.at !== "configuring" && state.at !== "ramping")
        return;
      expect(life.nowMs - state.sinceMs).toBeLessThan(rules.deadlinesMs[state.at] + 100);
    });
  });

  test("no pause is cut short, and no chain that was given up comes back, but by an operator", () => {
    everyStep((life) => (before) => {
      if (before.at === "resting" && life.nowMs < before.untilMs)
        expect(["resting", "off"]).toContain(life.state.at);
      if (before.at === "faulted" && life.nowMs - before.sinceMs < HOUR_MS)
        expect(["faulted", "off", "powering"]).toContain(life.state.at);
      if (before.at === "off") expect(["off", "powering"]).toContain(life.state.at);
    });
  });

  test("there are at most five restarts within any hour, unless an operator asks for more", () => {
    everyStep((life) => {
      let seen = 0;
      let restartsMs: number[] = [];
      return (before) => {
        if (before.at === "faulted" && life.state.at === "powering") restartsMs = [];
        for (const { what } of life.told.slice(seen))
          if (what === "chain-restart") restartsMs.push(life.nowMs);
        seen = life.told.length;
        restartsMs = restartsMs.filter((atMs) => life.nowMs - atMs < HOUR_MS);
        expect(restartsMs.length).toBeLessThanOrEqual(5);
      };
    });
  });

  test("the setting goes up only after an hour of hashing without trouble", () => {
    everyStep((life) => {
      return (before) => {
        const { maxMHz = Number.POSITIVE_INFINITY } = life.state;
        if (maxMHz <= (before.maxMHz ?? Number.POSITIVE_INFINITY)) return;
        expect(before.at === "hashing" && life.nowMs - before.sinceMs >= HOUR_MS).toBe(true);
      };
    });
  });

  test("everything that is told has a reason and an action", () => {
    everyStep((life) => () => {
      for (const { what, rule, action, reason } of life.told)
        for (const words of [what, rule, action, reason]) expect(words).not.toBe("");
      life.told.length = 0;
    });
  });
});
