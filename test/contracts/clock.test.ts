import { describe, test } from "vitest";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { clockContract } from "./clock.ts";

describe("the machine's clock", () => {
  clockContract(test, () => {
    const clock = new SystemClock();
    return {
      clock,
      pass: (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs + 1)),
    };
  });
});

describe("the virtual clock", () => {
  clockContract(test, () => {
    const clock = new VirtualClock();
    return { clock, pass: (durationMs) => clock.advance(durationMs) };
  });
});
