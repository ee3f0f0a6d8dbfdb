import { describe, expect, test } from "vitest";
import { measureFlapping } from "./flapping.ts";
import { cells, measure } from "./matrix.ts";

/** The way back takes minutes of virtual time with shares: two of them here, all by `npm run failover`. */
const withReturn = ["2 pools, warm", "V2, then V1, warm"];
const all = cells().map((cell) => ({
  ...cell,
  withReturn: cell.withReturn && cell.way.name === "reset" && withReturn.includes(cell.layout.name),
}));

describe("a dead pool costs no more than it must", () => {
  test.each(all.map((cell) => [cell.layout.name, cell.way.name, cell.moment.name, cell] as const))(
    "%s: %s, %s",
    async (_layout, _way, _moment, cell) => {
      expect((await measure(cell)).problem).toBeNull();
    },
  );

  test("a pool that dies every seven minutes is returned to once or twice, and then left alone", async () => {
    const { returns, withoutPoolS } = await measureFlapping(2);
    expect(returns).toBeLessThanOrEqual(2);
    expect(withoutPoolS).toBeLessThan(10);
  });
});
