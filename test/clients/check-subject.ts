/** What each client must find, and what must come of what it does. Works on any machine whose truth can be asked. */
import type { Status } from "../../src/api/status.ts";
import type { Rows } from "../interop/rows.ts";
import type { PythonClient, ReadData } from "./python-client.ts";
import { differences } from "./same-as-status.ts";
import type { Subject, SubjectState } from "./subject.ts";

const DETECTIONS = 50;
/** The page of what clients may take by themselves is 3 s; this is ours. */
const DETECTED_WITHIN_S = 1.5;
/** Usually a second; a board that was tripped because the computer is too busy rests for half a minute first. */
const COMES_WITHIN_MS = 60_000;
const ASK_EVERY_MS = 100;

/** A board that has just gone off changes a dozen things within a second, and a client asks in several steps. */
const TRIES = 4;

export async function checkDetection(
  subject: Subject,
  client: PythonClient,
  expected: RegExp | null,
  rows: Rows,
): Promise<void> {
  const { found, slowestS } = await client.detect(subject.address, DETECTIONS);
  const names = Object.keys(found);
  const isRight =
    names.length === 1 && (expected === null ? names[0] === "None" : expected.test(names[0] ?? ""));
  rows.add(
    `${client.name} detects ${subject.persona} at ${subject.address} ${DETECTIONS} times`,
    isRight && slowestS < DETECTED_WITHIN_S,
    `${names.map((name) => `${found[name]} × ${name}`).join(", ")}, slowest ${slowestS.toFixed(2)} s`,
  );
}

/** State by state, as a real board needs half a minute from one to the next. */
export async function checkData(
  subject: Subject,
  clients: readonly PythonClient[],
  states: readonly SubjectState[],
  rows: Rows,
): Promise<void> {
  for (const state of states) {
    await subject.enter(state);
    for (const client of clients) {
      let tries = 1;
      let [read, found] = await compared(subject, client);
      for (; tries < TRIES && found.length > 0; tries++)
        [read, found] = await compared(subject, client);
      const seen = `${read.class}, ${read.hashrateHps} H/s${tries > 1 ? `, read ${tries} times` : ""}`;
      rows.add(
        `${client.name} reads ${subject.persona}, ${subject.kind}, ${state}`,
        found.length === 0,
        found.length === 0 ? seen : found.join("; "),
      );
    }
  }
}

/** The truth is asked before, after, and all the while. */
async function compared(
  subject: Subject,
  client: PythonClient,
): Promise<[ReadData, readonly string[]]> {
  const truths = [await subject.truth()];
  let isReading = true;
  const watch = (async () => {
    while (isReading) {
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
      // One that gets lost is no truth; the read has others around it.
      await subject.truth().then(
        (truth) => truths.push(truth),
        () => {},
      );
    }
  })();
  const read = await client.data(subject.address).finally(() => {
    isReading = false;
  });
  await watch;
  truths.push(await subject.truth());
  return [read, differences(read, truths)];
}

/** Each must change the machine, whatever the client says of it. */
export async function checkControl(
  subject: Subject,
  client: PythonClient,
  rows: Rows,
): Promise<void> {
  const { personaPassword: password, isLive } = subject;
  const [first] = (await subject.truth()).pools;
  const before = poolsText(await subject.truth());
  const isOff = ({ boards }: Status) => boards.every(({ power }) => power === "off");
  const steps: readonly (readonly [what: string, isSo: (status: Status) => boolean])[] = [
    ["stop_mining", (status) => status.paused && (!isLive || isOff(status))],
    ["resume_mining", (status) => !status.paused && (!isLive || !isOff(status))],
    ["fault_light_on", ({ identifying }) => identifying],
    ["fault_light_off", ({ identifying }) => !identifying],
  ];
  for (const [what, isSo] of steps) await step(what, isSo, { password });
  const after = poolsText(await subject.truth());
  rows.add(`${client.name}: pools are as before`, after === before, after);
  const user = `${client.name.replace(/\W+/g, "-")}.worker`;
  const pool = { url: "stratum+tcp://pool.example.net:3333", user, password: "secret" };
  await step("set_pool", ({ pools }) => pools[0]?.user === user && pools[0].url === pool.url, {
    password,
    pool,
  });
  await step(
    "stop_mining",
    ({ paused }) => !paused,
    { password: "wrong" },
    " with a wrong password",
  );
  if (first !== undefined) await subject.setFirstPool(first.url, first.user);

  async function step(
    what: string,
    isSo: (status: Status) => boolean,
    options: Readonly<Record<string, unknown>>,
    how = "",
  ): Promise<void> {
    const fromMs = performance.now();
    const answer = await client.control(subject.address, what, options);
    let last = await subject.truth();
    const isDone = await comes(async () => {
      last = await subject.truth();
      return isSo(last);
    });
    const said = answer.raised ?? JSON.stringify(answer.returned);
    const tookS = ((performance.now() - fromMs) / 1_000).toFixed(1);
    // A client that could not even ask has shown nothing.
    const hasAsked = answer.raised === undefined;
    rows.add(
      `${client.name}: ${what}${how}, ${subject.kind}`,
      isDone && hasAsked,
      `the client says ${said}; ${isDone ? `so after ${tookS} s` : `the machine: ${last.summary.sentence}`}`,
    );
  }
}

/** None may change the machine. */
export async function checkRefusal(
  subject: Subject,
  client: PythonClient,
  rows: Rows,
): Promise<void> {
  const before = await subject.truth();
  const pool = { url: "stratum+tcp://pool.example.net:3333", user: "thief", password: "x" };
  for (const what of ["stop_mining", "reboot", "fault_light_on", "set_pool"]) {
    const answer = await client.control(subject.address, what, { pool });
    const said = answer.raised ?? JSON.stringify(answer.returned);
    const isSame = isUnchanged(before, await subject.truth());
    rows.add(
      `${client.name}: ${what} is refused, ${subject.kind}`,
      isSame,
      `the client says ${said}`,
    );
  }
}

/** Every write that AxeOS has, by hand: clients know some of them only. */
const AXEOS_WRITES: readonly (readonly [method: string, path: string, body?: unknown])[] = [
  ["PATCH", "", { stratumURL: "pool.example.net", stratumPort: 3333, stratumUser: "thief" }],
  ["PUT", "/pools/0", { stratumURL: "pool.example.net", stratumUser: "thief" }],
  ["DELETE", "/pools/0"],
  ["POST", "/pause", {}],
  ["POST", "/resume", {}],
  ["POST", "/restart", {}],
  ["POST", "/identify", {}],
  ["POST", "/boot", { partition: "ota_1" }],
  ["POST", "/OTA", {}],
  ["POST", "/OTAWWW", {}],
];

export async function checkAxeosWrites(subject: Subject, rows: Rows): Promise<void> {
  const before = await subject.truth();
  const codes: string[] = [];
  let areRefused = true;
  for (const [method, path, body] of AXEOS_WRITES) {
    const { status } = await fetch(`http://${subject.address}/api/system${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    codes.push(`${method} ${path === "" ? "/" : path} ${status}`);
    areRefused &&= status >= 400 && status < 500;
  }
  const isSame = isUnchanged(before, await subject.truth());
  rows.add(
    `AxeOS' ${AXEOS_WRITES.length} writes are refused, ${subject.kind}`,
    areRefused && isSame,
    codes.join(", "),
  );
}

/** Also that nothing was started anew. */
function isUnchanged(before: Status, after: Status): boolean {
  return (
    wishesText(after) === wishesText(before) &&
    after.device.uptimeS >= before.device.uptimeS &&
    (after.processes.miner.uptimeS ?? 0) >= (before.processes.miner.uptimeS ?? 0)
  );
}

function poolsText({ pools }: Status): string {
  return pools.map(({ url, user }) => `${user} at ${url}`).join(", ");
}

function wishesText(status: Status): string {
  return JSON.stringify([poolsText(status), status.paused, status.identifying]);
}

async function comes(isSo: () => Promise<boolean>): Promise<boolean> {
  const untilMs = performance.now() + COMES_WITHIN_MS;
  while (!(await isSo())) {
    if (performance.now() > untilMs) return false;
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  return true;
}
