import { describe, test } from "vitest";
import { openInput, openOutput, openTachometer } from "../../drivers/linux/gpio.ts";
import { openPwm } from "../../drivers/linux/pwm.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import type { LineSpec } from "../../src/ports/lines.ts";
import { FakeGpioChips } from "../drivers/linux/fake-gpio-chips.ts";
import { drivenLevel, exportedLine, fakeTree } from "../drivers/linux/fake-tree.ts";
import { inputLineContract, outputLineContract, pwmContract, tachometerContract } from "./lines.ts";

const NUMBERED = { label: "line", sysfs: 437 };
const OF_A_CHIP = { label: "line", chip: "periphs", offset: 5 };

for (const isActiveLow of [false, true]) {
  const polarity = isActiveLow ? "active low" : "active high";

  describe(`a line by its number, ${polarity}, on files`, () => {
    const line = { ...NUMBERED, activeLow: isActiveLow };

    outputLineContract(test, async () => {
      const tree = fakeTree(exportedLine(437));
      return {
        isActiveLow,
        isImmediate: true,
        open(active) {
          tree.add(exportedLine(437)); // files keep the level of before, so the last one who wrote is forgotten
          return openOutput(line, active, tree);
        },
        level: () => drivenLevel(tree, 437) ?? failNotDriven(),
        [Symbol.asyncDispose]: async () => tree[Symbol.dispose](),
      };
    });

    inputLineContract(test, async () => {
      const tree = fakeTree(exportedLine(437, "0"));
      const input = await openInput(line, tree);
      return {
        input,
        isActiveLow,
        setLevel: (level) => tree.add({ "sys/class/gpio/gpio437/value": `${level}\n` }),
        async [Symbol.asyncDispose]() {
          await input[Symbol.asyncDispose]();
          tree[Symbol.dispose]();
        },
      };
    });
  });

  describe(`a line of a chip, ${polarity}, on the kernel's calls written a second time`, () => {
    const line = { ...OF_A_CHIP, activeLow: isActiveLow };

    outputLineContract(test, async () => {
      const { chips, options, close } = chipsForContract();
      return {
        isActiveLow,
        isImmediate: true,
        open: (active) => openOutput(line, active, options),
        level: () => chips.line("periphs", 5).level,
        [Symbol.asyncDispose]: close,
      };
    });

    inputLineContract(test, async () => {
      const { chips, options, close } = chipsForContract();
      const input = await openInput(line, options);
      return {
        input,
        isActiveLow,
        setLevel(level) {
          chips.line("periphs", 5).level = level;
        },
        async [Symbol.asyncDispose]() {
          await input[Symbol.asyncDispose]();
          await close();
        },
      };
    });
  });
}

describe("a tachometer of a chip, on the kernel's calls written a second time", () => {
  tachometerContract(test, async () => {
    const { chips, options, close } = chipsForContract();
    const clock = new VirtualClock();
    const fan = { rpm: 3_000, turnedPulses: 0 };
    clock.every(10, () => {
      fan.turnedPulses += (fan.rpm * 2) / 60 / 100;
      const whole = Math.floor(fan.turnedPulses);
      fan.turnedPulses -= whole;
      if (whole > 0) chips.pulse("periphs", 5, whole);
    });
    const tachometer = await openTachometer(OF_A_CHIP, 2, clock, options);
    return {
      tachometer,
      startRpm: fan.rpm,
      setRpm(rpm) {
        fan.rpm = rpm;
      },
      pass: (durationMs) => clock.advance(durationMs),
      async [Symbol.asyncDispose]() {
        await tachometer[Symbol.asyncDispose]();
        await close();
      },
    };
  });
});

describe("a pulse-width output, on files", () => {
  const folder = "sys/class/pwm/pwmchip0/pwm0";

  pwmContract(test, async () => {
    const tree = fakeTree({
      ...{ [`${folder}/period`]: "0\n", [`${folder}/duty_cycle`]: "0\n" },
      [`${folder}/enable`]: "0\n",
    });
    const spec = { label: "fans", chip: "pwmchip0", channel: 0, periodNs: 100_000 };
    const pwm = await openPwm(spec, tree);
    return {
      pwm,
      dutyPercent() {
        const [period, duty, enable] = ["period", "duty_cycle", "enable"].map((name) =>
          Number(tree.read(`${folder}/${name}`)),
        ) as [number, number, number];
        return enable === 1 ? (duty * 100) / period : undefined;
      },
      async [Symbol.asyncDispose]() {
        await pwm[Symbol.asyncDispose]();
        tree[Symbol.dispose]();
      },
    };
  });
});

/** Two lines of a real chip that are wired together, as "label:output:input". */
const WIRED = process.env["ASICD_TEST_GPIO"];

describe("lines of this machine", () => {
  if (WIRED === undefined) {
    test("are not switched here: ASICD_TEST_GPIO names no two wired ones", () =>
      console.info("contracts of the lines: on files and written calls only, on no real kernel"));
    return;
  }
  const [chip = "", output, input] = WIRED.split(":");
  const near: LineSpec = { label: "near end", chip, offset: Number(output) };
  const far: LineSpec = { label: "far end", chip, offset: Number(input) };

  outputLineContract(test, async () => {
    const watching = await openInput(far);
    return {
      isActiveLow: false,
      isImmediate: true,
      open: (active) => openOutput(near, active),
      level: async () => ((await watching.get()) ? 1 : 0),
      [Symbol.asyncDispose]: () => watching[Symbol.asyncDispose](),
    };
  });

  inputLineContract(test, async () => {
    const driving = await openOutput(near, false);
    const watching = await openInput(far);
    return {
      input: watching,
      isActiveLow: false,
      setLevel: (level) => driving.set(level === 1),
      async [Symbol.asyncDispose]() {
        await watching[Symbol.asyncDispose]();
        await driving[Symbol.asyncDispose]();
      },
    };
  });
});

function chipsForContract() {
  const tree = fakeTree();
  const chips = new FakeGpioChips(tree, [{ label: "periphs", lineCount: 8 }]);
  return {
    chips,
    options: { root: tree.root, system: chips },
    async close() {
      chips[Symbol.dispose]();
      tree[Symbol.dispose]();
    },
  };
}

function failNotDriven(): never {
  throw new Error("nobody drives the line");
}
