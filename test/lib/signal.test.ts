import { expect, test } from "vitest";
import { Signal } from "../../src/lib/signal.ts";

test("listeners hear in order until disposed", () => {
  const heard: string[] = [];
  const signal = new Signal<number>();
  const first = signal.on((value) => heard.push(`a${value}`));
  signal.on((value) => heard.push(`b${value}`));
  signal.emit(1);
  first[Symbol.dispose]();
  signal.emit(2);
  expect(heard).toEqual(["a1", "b1", "b2"]);
});

test("one failing listener does not stop the others, and its error is not lost", () => {
  const errors: unknown[] = [];
  const heard: number[] = [];
  const signal = new Signal<number>((error) => errors.push(error));
  signal.on(() => {
    throw new Error("listener");
  });
  signal.on((value) => heard.push(value));
  signal.emit(7);
  expect(heard).toEqual([7]);
  expect(errors).toHaveLength(1);
});

test("the same function registered twice is heard twice and removed one by one", () => {
  let calls = 0;
  const listener = () => {
    calls++;
  };
  const signal = new Signal<void>();
  signal.on(listener)[Symbol.dispose]();
  signal.on(listener);
  signal.on(listener);
  signal.emit();
  expect(calls).toBe(2);
});
