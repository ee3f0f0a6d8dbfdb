/** The operator's side of the real program: a page and an API over real sockets, while real processes mine and die. */
import { getPriority } from "node:os";
import { expect, test } from "vitest";
import type { Status } from "../../src/api/status.ts";
import { freePort } from "../interop/ports.ts";
import { kill, type Simulation, simulate, until } from "./process-rig.ts";

const FAST = ["--frequency", "60", "--shares-per-minute", "240"];
const LONG_MS = 240_000;

interface Page {
  status(): Promise<Status>;
  /** Answers with status code and body. */
  call(method: string, path: string, body?: unknown): Promise<{ code: number; body: unknown }>;
}

/** The first start of a machine: somebody sets the password and is logged in with it. */
async function firstLogin(machine: Simulation): Promise<Page> {
  let origin = "";
  await machine.until("the page is served", () => {
    origin = /"pages":\["(http:\/\/[^"]+)"/.exec(machine.stderr())?.[1] ?? "";
    return origin !== "";
  });
  let cookie = "";
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${origin}/api/v1${path}`, {
      method,
      headers: {
        ...(cookie === "" ? {} : { cookie }),
        ...(method === "GET" ? {} : { origin }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
    const text = await answer.text();
    return { code: answer.status, body: text === "" ? null : (JSON.parse(text) as unknown) };
  };
  expect((await call("POST", "/actions/pause", {})).code).toBeGreaterThanOrEqual(400);
  expect((await call("POST", "/password", { new: "correct horse" })).code).toBe(200);
  return {
    call,
    status: async () => (await call("GET", "/status")).body as Status,
  };
}

/** Fails with what the status said last. */
async function untilStatus(page: Page, what: string, isSo: (status: Status) => boolean) {
  let last: Status | undefined;
  let isFound = false;
  let isAsking = false;
  await until(
    what,
    () => {
      if (!isAsking && !isFound) {
        isAsking = true;
        void page.status().then(
          (status) => {
            last = status;
            isFound = isSo(status);
            isAsking = false;
          },
          () => {
            isAsking = false;
          },
        );
      }
      return isFound;
    },
    60_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}; the status says: ${last?.summary.sentence}`);
  });
}

test("an operator pauses, changes settings, and sees every process die and come back", {
  timeout: LONG_MS,
}, async () => {
  // The same one after each restart, as on a real machine.
  const address = `127.0.0.1:${await freePort()}`;
  await using machine = simulate("s21-pro", 3, [...FAST, "--page", address]);
  const page = await firstLogin(machine);
  await machine.allHash();
  await untilStatus(page, "it mines", ({ summary }) => summary.state === "mining");

  expect(await page.call("POST", "/actions/pause", {})).toMatchObject({ code: 200 });
  await machine.powerOff(10_000);
  await untilStatus(page, "it is paused", ({ summary }) => summary.state === "paused");
  expect(await page.call("POST", "/actions/resume", {})).toMatchObject({ code: 200 });
  await machine.allHash();

  const fans = { mode: "manual", dutyPercent: 80 };
  const changed = await page.call("PATCH", "/config", {
    changes: [{ path: "machine.fans", value: fans }],
  });
  expect(changed).toMatchObject({ code: 200, body: { is: "applied" } });
  await untilStatus(page, "the fans do as told", (status) => status.fans.targetDutyPercent === 80);
  const wrong = await page.call("PATCH", "/config", {
    changes: [{ path: "machine.fans", value: { mode: "manual", dutyPercent: 800 } }],
  });
  expect(wrong.code).toBe(422);
  expect(JSON.stringify(wrong.body)).toContain("machine.fans.dutyPercent");

  // Each of these restarts the operator process; in the end there is one, and it is told how the machine does.
  for (const name of ["first", "second", "third"])
    await page.call("PATCH", "/config", { changes: [{ path: "name", value: name }] });
  await untilStatus(page, "the last name, on a page that is alive", (status) => {
    return status.device.name === "third" && status.summary.state === "mining";
  });
  await machine.until("one operator process", () => machine.pidsOf("operator").length === 1);

  // Nobody mines less because the page is gone, and it comes back by itself.
  const sharesFrom = Date.now();
  const operator = machine.mustHave("operator");
  const nice = getPriority(operator);
  kill(operator, "SIGKILL");
  expect(getPriority(machine.mustHave("simulated-miner"))).toBeLessThan(nice);
  await machine.until("another operator process", () => {
    const pid = machine.pidOf("operator");
    return pid !== undefined && pid !== operator;
  });
  await untilStatus(page, "the page is back", ({ summary }) => summary.state === "mining");
  await machine.until("shares meanwhile", () => machine.sharesSince(sharesFrom) > 3);

  const guard = machine.mustHave("simulated-guard");
  kill(guard, "SIGKILL");
  await untilStatus(
    page,
    "the guard's end is seen",
    ({ processes }) => processes.guard.restarts > 0,
  );
  await machine.allHash();

  expect(await page.call("POST", "/actions/restart", {})).toMatchObject({ code: 202 });
  await machine.powerOff(20_000);
  await untilStatus(page, "mining again after a restart", (status) => {
    // The settings that were made are still in force.
    return status.summary.state === "mining" && status.fans.mode === "manual";
  });
  const report = await machine.end();
  expect(report.machine?.boards.every(({ state }) => state === "on" || state === "off")).toBe(true);
});
