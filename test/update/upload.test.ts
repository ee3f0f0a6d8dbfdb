/** An update over HTTP: streamed to a file, refused as early as it can be, and told as what it is. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { UPLOADED_UPDATE, updateReceiver } from "../../firmware/operator/update-upload.ts";
import { SystemClock } from "../../firmware/platform/system-clock.ts";
import { readSlots } from "../../firmware/update/slots.ts";
import { updateVersions } from "../../firmware/update/update-state.ts";
import type { UpdateState } from "../../src/update/update-view.ts";
import {
  type Called,
  codeOf,
  PASSWORD,
  type Served,
  served,
  until,
} from "../operator/http/served.ts";
import { OTHER_KEY, ScratchMachine, updateFile } from "./scratch-machine.ts";

const clock = new SystemClock();

function stateOf(machine: ScratchMachine, change: Partial<UpdateState> = {}): UpdateState {
  const versions = updateVersions(readSlots(machine.root));
  return {
    possible: true,
    text: "",
    progress: "none",
    problem: null,
    versions,
    trial: null,
    ...change,
  };
}

async function pageOf(
  machine: ScratchMachine,
): Promise<{ page: Served; folder: string; cookie: string }> {
  const folder = join(machine.root, "operator");
  mkdirSync(folder);
  const page = await served({
    receiveUpdate: updateReceiver({ folder, root: machine.root, configVersion: 1, clock }),
    updates: stateOf(machine),
  });
  const { session = "" } = await page.call("POST /api/v1/session", {
    body: { password: PASSWORD },
  });
  return { page, folder, cookie: session };
}

function post(
  page: Served,
  cookie: string,
  parts: readonly Uint8Array[],
  headers: Readonly<Record<string, string>> = {},
): Promise<Pick<Called, "status" | "body">> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        port: page.port,
        host: "127.0.0.1",
        method: "POST",
        path: "/api/v1/update",
        agent: false,
        headers: {
          "content-type": "application/octet-stream",
          cookie: `asicd_session=${cookie}`,
          ...headers,
        },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }),
        );
      },
    );
    call.on("error", reject);
    for (const part of parts) call.write(part);
    call.end();
  });
}

test("a good one is kept for the supervisor, which is asked to lay it beside", async () => {
  using machine = new ScratchMachine();
  const { page, folder, cookie } = await pageOf(machine);
  await using _page = page;
  const file = updateFile({ version: "0.2.0" });
  const pieces = [file.subarray(0, 5), file.subarray(5, 300), file.subarray(300)];
  const { status, body } = await post(page, cookie, pieces);
  expect([status, body]).toEqual([
    202,
    { is: "accepted", text: "it is checked in full and laid beside" },
  ]);
  expect(new Uint8Array(readFileSync(join(folder, UPLOADED_UPDATE)))).toEqual(file);
  expect(page.operated.requests.at(-1)).toMatchObject({
    ask: "update",
    step: { do: "stage", allowDowngrade: false },
  });
  expect(page.operated.kept.at(-1)?.what).toBe("update-stage");
});

test.for([
  [
    "one that nobody trusted has signed",
    updateFile({ version: "0.2.0", key: OTHER_KEY }),
    422,
    "bad-signature",
  ],
  [
    "one for another target",
    updateFile({ version: "0.2.0", manifest: { target: "arm64" } }),
    422,
    "wrong-target",
  ],
  ["an older one", updateFile({ version: "0.0.1" }), 422, "wrong-version"],
  [
    "a damaged one",
    updateFile({ version: "0.2.0", manifest: { sha256: "0".repeat(64) } }),
    422,
    "damaged",
  ],
  ["a part of one", updateFile({ version: "0.2.0" }).subarray(0, 700), 422, "damaged"],
  ["the beginning of one", updateFile({ version: "0.2.0" }).subarray(0, 100), 422, "damaged"],
  ["something else", new Uint8Array(100_000), 422, "not-an-update"],
  ["nothing", new Uint8Array(0), 422, "damaged"],
] as const)("%s is refused and nothing is kept", async ([, file, status, code]) => {
  using machine = new ScratchMachine();
  const { page, folder, cookie } = await pageOf(machine);
  await using _page = page;
  const answer = await post(page, cookie, [file]);
  expect([answer.status, codeOf(answer)]).toEqual([status, code]);
  expect(readdirSync(folder)).toEqual([]);
  expect(page.operated.requests).toEqual([]);
  expect(page.operated.kept.at(-1)?.what).toBe("update-refused");
});

test("who sends a large file that is refused at its first byte is still told why", async () => {
  using machine = new ScratchMachine();
  const { page, cookie } = await pageOf(machine);
  await using _page = page;
  const pieces = Array.from({ length: 320 }, () => new Uint8Array(65_536));
  const answer = await post(page, cookie, pieces);
  expect([answer.status, codeOf(answer)]).toEqual([422, "not-an-update"]);
});

test("who reads after sending hears it too, and asks the next thing on the same connection", async () => {
  using machine = new ScratchMachine();
  const { page, cookie } = await pageOf(machine);
  await using _page = page;
  const file = new Uint8Array(20_000_000);
  const socket = connect(page.port, "127.0.0.1").pause();
  const head = (words: string) => `${words} HTTP/1.1\r\nHost: 127.0.0.1:${page.port}\r\n`;
  socket.write(
    `${head("POST /api/v1/update")}Content-Type: application/octet-stream\r\nContent-Length: ${file.length}\r\nCookie: asicd_session=${cookie}\r\n\r\n`,
  );
  await new Promise<unknown>((resolve) => socket.write(file, resolve));
  socket.write(`${head("GET /api/v1/status")}Connection: close\r\n\r\n`);
  let heard = "";
  for await (const chunk of socket) heard += String(chunk);
  expect(heard.match(/HTTP\/1\.1 \d+|"code":"[a-z-]+"/g)?.slice(0, 3)).toEqual([
    "HTTP/1.1 422",
    '"code":"not-an-update"',
    "HTTP/1.1 200",
  ]);
});

test("who may not, or sends it as something else, is refused before anything is read", async () => {
  using machine = new ScratchMachine();
  const { page, folder, cookie } = await pageOf(machine);
  await using _page = page;
  const file = updateFile({ version: "0.2.0" });
  expect((await post(page, "x", [file])).status).toBe(401);
  expect((await post(page, cookie, [file], { "content-type": "text/plain" })).status).toBe(415);
  expect((await post(page, cookie, [file], { "content-type": "application/json" })).status).toBe(
    415,
  );
  expect((await post(page, cookie, [file], { origin: "http://evil.example" })).status).toBe(403);
  expect(existsSync(join(folder, UPLOADED_UPDATE))).toBe(false);
  // And nobody else takes a file.
  const other = await page.call("POST /api/v1/pools/test", {
    raw: "x",
    cookie,
    headers: { "content-type": "application/octet-stream" },
  });
  expect(other.status).toBe(415);
});

test("an upload over a slow network may take longer than other requests", async () => {
  using machine = new ScratchMachine();
  const folder = join(machine.root, "operator");
  mkdirSync(folder);
  await using page = await served({
    receiveUpdate: updateReceiver({ folder, root: machine.root, configVersion: 1, clock }),
    updates: stateOf(machine),
    limits: {
      times: { requestTimeout: 300, headersTimeout: 300, connectionsCheckingInterval: 50 },
    },
  });
  const { session = "" } = await page.call("POST /api/v1/session", {
    body: { password: PASSWORD },
  });
  const file = updateFile({ version: "0.2.0" });
  const answer = await new Promise<number>((resolve, reject) => {
    const call = request(
      {
        port: page.port,
        method: "POST",
        path: "/api/v1/update",
        headers: { "content-type": "application/octet-stream", cookie: `asicd_session=${session}` },
      },
      (response) => resolve(response.resume().statusCode ?? 0),
    );
    call.on("error", reject);
    call.write(file.subarray(0, 600));
    setTimeout(() => call.end(file.subarray(600)), 1_000);
  });
  expect(answer).toBe(202);
});

test("a connection that is lost leaves nothing, and the next one is taken", async () => {
  using machine = new ScratchMachine();
  const { page, folder, cookie } = await pageOf(machine);
  await using _page = page;
  const file = updateFile({ version: "0.2.0" });
  await new Promise<void>((resolve) => {
    const call = request({
      port: page.port,
      method: "POST",
      path: "/api/v1/update",
      headers: {
        "content-type": "application/octet-stream",
        cookie: `asicd_session=${cookie}`,
        "content-length": String(file.length),
      },
    });
    call.on("error", () => resolve());
    call.write(file.subarray(0, 600), () => setTimeout(() => call.destroy(), 100));
  });
  for (let status = 409; status === 409; ) ({ status } = await post(page, cookie, [file]));
  expect(readdirSync(folder)).toEqual([UPLOADED_UPDATE]);
});

test("a simulation says plainly that it has nothing to update", async () => {
  await using page = await served();
  const { session = "" } = await page.call("POST /api/v1/session", {
    body: { password: PASSWORD },
  });
  const state = await page.call("GET /api/v1/update", { cookie: session });
  expect(state.body).toMatchObject({ possible: false, versions: null });
  expect((state.body as UpdateState).text).toContain("cannot replace itself");
  const answer = await post(page, session, [updateFile({ version: "0.2.0" })]);
  expect([answer.status, codeOf(answer)]).toEqual([409, "no-slots"]);
});

test("a return while nobody looked is told once as an event, and so is an update that stays", async () => {
  using machine = new ScratchMachine();
  await using page = await served();
  const { operated } = page;
  machine.putTree("versions/0.2.0-0a1b2c3d", "0.2.0", "ends");
  machine.putBoot({
    run: "base",
    previous: "versions/0.2.0-0a1b2c3d",
    state: "returned",
    reason: "the API does not answer",
  });
  operated.tellUpdates(stateOf(machine));
  operated.tellUpdates(stateOf(machine));
  const returned = () => operated.kept.filter(({ what }) => what === "update-returned");
  await until(() => operated.requests.length > 0);
  expect(returned().map(({ reason }) => reason)).toEqual([
    "asicd: version 0.2.0 did not stay, and 0.1.0 runs again: the API does not answer",
  ]);
  expect(operated.requests).toMatchObject([{ ask: "update", step: { do: "told" } }]);
  machine.putBoot({ run: "versions/0.2.0-0a1b2c3d", state: "trial" });
  operated.tellUpdates(stateOf(machine));
  machine.putBoot({ run: "versions/0.2.0-0a1b2c3d", reason: "3 of 3 boards hash" });
  operated.tellUpdates(stateOf(machine));
  await until(() => operated.kept.at(-1)?.what === "update-settled");
  expect(operated.kept.at(-1)?.reason).toBe("asicd: version 0.2.0 stays: 3 of 3 boards hash");
});
