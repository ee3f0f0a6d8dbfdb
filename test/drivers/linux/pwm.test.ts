import { describe, expect, onTestFinished, test } from "vitest";
import { openPwm } from "../../../drivers/linux/pwm.ts";
import { fakeTree } from "./fake-tree.ts";

const FANS = { label: "fans", chip: "pwmchip0", channel: 1, periodNs: 100_000 };
const FOLDER = "sys/class/pwm/pwmchip0/pwm1";

describe("opening a pulse-width output", () => {
  test("sets the period and leaves duty and switch alone", async () => {
    const tree = treeForTest({ period: "0", duty_cycle: "0", enable: "0" });
    await openPwm(FANS, tree);
    expect(
      ["period", "duty_cycle", "enable"].map((name) => tree.read(`${FOLDER}/${name}`)?.trim()),
    ).toEqual(["100000", "0", "0"]);
  });

  test("of fans that run with a longer period leaves them at full, since no period may be below the duty", async () => {
    const tree = treeForTest({ period: "1000000", duty_cycle: "900000", enable: "1" });
    await openPwm(FANS, tree);
    expect(tree.read(`${FOLDER}/duty_cycle`)).toBe("100000");
    expect(tree.read(`${FOLDER}/period`)).toBe("100000");
    expect(tree.read(`${FOLDER}/enable`)?.trim()).toBe("1");
  });

  test.each([
    [{ ...FANS, chip: "pwmchip9" }, "fans: open: not-found (pwmchip9)"],
    [{ ...FANS, channel: 3 }, "fans: open: not-found (pwmchip0/pwm3)"],
    [{ ...FANS, periodNs: 0 }, "fans: open: refused (a period of 0 ns)"],
  ])("%o: %s", async (spec, problem) => {
    const tree = treeForTest({ period: "0", duty_cycle: "0", enable: "0" });
    await expect(openPwm(spec, tree)).rejects.toThrow(problem);
    if (spec.channel === 3) expect(tree.read("sys/class/pwm/pwmchip0/export")).toBe("3");
  });
});

test("a duty switches the output on, and is gone when the output is", async () => {
  const tree = treeForTest({ period: "0", duty_cycle: "0", enable: "0" });
  const pwm = await openPwm(FANS, tree);
  await pwm.setDuty(30);
  expect(tree.read(`${FOLDER}/duty_cycle`)).toBe("30000");
  expect(tree.read(`${FOLDER}/enable`)).toBe("1");
  tree[Symbol.dispose]();
  await expect(pwm.setDuty(40)).rejects.toMatchObject({ code: "gone", device: "fans" });
  tree.add({ [FOLDER]: "" }); // so that the end of the test finds something to remove
});

function treeForTest(channel: Readonly<Record<string, string>>) {
  const tree = fakeTree({ "sys/class/pwm/pwmchip0/export": "" });
  for (const [name, content] of Object.entries(channel))
    tree.add({ [`${FOLDER}/${name}`]: `${content}\n` });
  onTestFinished(() => tree[Symbol.dispose]());
  return tree;
}
