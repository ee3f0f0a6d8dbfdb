import { describe, expect, test } from "vitest";
import { openRig, powerUp, type Rig } from "./plant-rig.ts";

const ANTMINERS = ["s21-pro", "s19-xp", "s21"] as const;

/** Fans of the control board at that duty, and every chip hashing for so long. */
async function hashing(id: string, dutyPercent: number, seconds: number): Promise<Rig> {
  const rig = openRig(id);
  for (const fan of rig.spec.fans)
    if (fan.via === "pwm") await (await rig.plant.machine.openPwm(fan.pwm)).setDuty(dutyPercent);
  await powerUp(rig);
  await rig.passS(seconds);
  return rig;
}

describe.each(ANTMINERS)("%s, at full power", (id) => {
  test("settles between 40 and 52 °C with all fans at full speed and 25 °C outside", async () => {
    using rig = await hashing(id, 100, 3_600);
    for (const { boardC, dieC, powerW } of rig.plant.state().chains) {
      expect(powerW).toBeGreaterThan(700);
      expect(powerW).toBeLessThan(1_300);
      expect(boardC).toBeGreaterThan(40);
      expect(boardC).toBeLessThan(52);
      expect(dieC - boardC).toBeGreaterThanOrEqual(10);
      // Chips' own target is 60 °C where it is declared: full fans must be enough for it.
      expect(dieC).toBeLessThan(60);
    }
  });

  test("without fans rises by more than 0.3 °C in every second, from the start to 90 °C", async () => {
    using rig = await hashing(id, 0, 20);
    let before = rig.plant.state().chains.map(({ boardC }) => boardC);
    let hottest = 0;
    while (hottest < 90) {
      await rig.passS(1);
      const now = rig.plant.state().chains.map(({ boardC }) => boardC);
      for (const [index, boardC] of now.entries())
        expect(boardC - (before[index] as number)).toBeGreaterThanOrEqual(0.3);
      before = now;
      hottest = Math.max(...now);
    }
  });

  test("the die runs ahead of the board, most of it within ten seconds", async () => {
    using rig = await hashing(id, 100, 3_600);
    for (const chain of rig.chains) chain.wantsToHash = false;
    await rig.passS(600);
    const [idle] = rig.plant.state().chains;
    expect((idle?.dieC ?? 0) - (idle?.boardC ?? 0)).toBeLessThan(1);
    for (const chain of rig.chains) chain.wantsToHash = true;
    await rig.passS(10);
    const [busy] = rig.plant.state().chains;
    expect((busy?.dieC ?? 0) - (busy?.boardC ?? 0)).toBeGreaterThan(0.63 * 12);
  });
});

test("chips that get no new job draw as much as before: their power goes by what they do", async () => {
  using rig = await hashing("s21-pro", 100, 100);
  const before = rig.plant.state().chains[0]?.powerW;
  await rig.passS(100);
  expect(rig.plant.state().chains[0]?.powerW).toBe(before);
});

test("power goes with the square of the voltage", async () => {
  using low = openRig("s21-pro");
  await powerUp(low, 246); // 12.00 V
  using high = openRig("s21-pro");
  await powerUp(high, 9); // 15.01 V
  const [lowW, highW] = [low, high].map((rig) => rig.plant.state().chains[0]?.powerW ?? 0);
  expect((highW as number) / (lowW as number)).toBeCloseTo((15.01 / 12) ** 2, 2);
});

test("a fan that stalls costs cooling, and warm air outside costs as many degrees as it is warmer", async () => {
  using rig = await hashing("s21-pro", 100, 3_600);
  const [before = 0] = rig.plant.state().chains.map(({ boardC }) => boardC);
  const stalled = { fault: "fan-stalled", fan: "front fans", tach: 0 } as const;
  rig.plant.addFault(stalled);
  await rig.passS(3_600);
  const [withThree = 0] = rig.plant.state().chains.map(({ boardC }) => boardC);
  expect(withThree - before).toBeGreaterThan(2);
  rig.plant.removeFault(stalled);
  rig.plant.addFault({ fault: "ambient", temperatureC: 40 });
  await rig.passS(3_600);
  const [inHeat = 0] = rig.plant.state().chains.map(({ boardC }) => boardC);
  expect(inHeat - before).toBeCloseTo(15, 0);
});

test("the machine's power at the wall is that of its data sheet, roughly", async () => {
  using rig = await hashing("s21-pro", 100, 600);
  expect(rig.plant.state().wallW).toBeGreaterThan(3_200);
  expect(rig.plant.state().wallW).toBeLessThan(4_000);
});
