import { expect, onTestFinished, test } from "vitest";
import { listHwmon, openHwmonSensor } from "../../../drivers/linux/hwmon.ts";
import { fakeTree } from "./fake-tree.ts";

test("temperatures are found by name, wherever the kernel put them this time", async () => {
  const tree = treeForTest();
  const found = await listHwmon(tree);
  expect(found.map(({ name, input }) => `${name} ${input}`)).toEqual([
    ...["cpu_thermal temp1", "lm75 temp1", "lm75 temp2", "twin temp1", "twin temp1"],
  ]);
  const sensor = await openHwmonSensor({ name: "lm75", input: "temp1" }, tree);
  expect(await sensor.readC()).toBe(61.5);
  tree.add({ "sys/class/hwmon/hwmon3/temp1_input": "-5250\n" });
  expect(await sensor.readC()).toBe(-5.25);
});

test("what is not there, or there twice, is not read", async () => {
  const tree = treeForTest();
  await expect(openHwmonSensor({ name: "tmp421", input: "temp1" }, tree)).rejects.toMatchObject({
    code: "not-found",
  });
  await expect(openHwmonSensor({ name: "twin", input: "temp1" }, tree)).rejects.toThrow(
    "hwmon twin temp1: open: refused (there are 2)",
  );
});

test("what is no number, or disappears, is no temperature", async () => {
  const tree = treeForTest();
  const sensor = await openHwmonSensor({ name: "lm75", input: "temp2" }, tree);
  await expect(sensor.readC()).rejects.toMatchObject({ code: "refused" });
  tree[Symbol.dispose]();
  await expect(sensor.readC()).rejects.toMatchObject({ code: "gone" });
  tree.add({ again: "" });
});

test("a machine without hwmon has no temperatures", async () => {
  const tree = fakeTree();
  onTestFinished(() => tree[Symbol.dispose]());
  expect(await listHwmon(tree)).toEqual([]);
});

function treeForTest() {
  const tree = fakeTree({
    "sys/class/hwmon/hwmon0/name": "cpu_thermal\n",
    "sys/class/hwmon/hwmon0/temp1_input": "48312\n",
    "sys/class/hwmon/hwmon1/in0_input": "12\n",
    "sys/class/hwmon/hwmon3/name": "lm75\n",
    "sys/class/hwmon/hwmon3/temp1_input": "61500\n",
    "sys/class/hwmon/hwmon3/temp1_max": "80000\n",
    "sys/class/hwmon/hwmon3/temp2_input": "\n",
    "sys/class/hwmon/hwmon4/name": "twin\n",
    "sys/class/hwmon/hwmon4/temp1_input": "1\n",
    "sys/class/hwmon/hwmon5/name": "twin\n",
    "sys/class/hwmon/hwmon5/temp1_input": "2\n",
  });
  onTestFinished(() => tree[Symbol.dispose]());
  return tree;
}
