/** Somebody who keeps logging in, tries a wrong password first, changes what does not disturb hashing, and logs out again. */
import { setTimeout as sleep } from "node:timers/promises";
import { HttpClient } from "./http-client.ts";
import type { Tally } from "./tally.ts";

const PASSWORD = "operator-of-this-soak";
const EVERY_MS = 15_000;
/** All addresses together have fifty failures free before the machine makes everybody wait (src/api/lockout.ts). */
const WRONG_PASSWORDS = 40;
const API = "/api/v1";

/** Sets the first password, then goes on until `signal` says that it is over. */
export async function operate(url: string, tally: Tally, signal: AbortSignal): Promise<void> {
  using client = new HttpClient(url);
  await tally.time("operator, first password", async () => {
    await client.read(`${API}/password`, { method: "POST", body: { new: PASSWORD } });
  });
  for (let time = 0; !signal.aborted; time++) {
    await visit(client, tally, time);
    await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

async function visit(client: HttpClient, tally: Tally, time: number): Promise<void> {
  let cookie = "";
  const headers = () => ({ cookie });
  const session = `${API}/session`;
  if (time < WRONG_PASSWORDS)
    await tally.time("operator, wrong password", async () => {
      const body = { password: `${PASSWORD}, not` };
      const { status } = await client.ask(session, { method: "POST", body });
      if (status !== 401) throw new Error(`a wrong password: ${status}`);
    });
  await tally.time("operator, login", async () => {
    const reply = await client.read(session, { method: "POST", body: { password: PASSWORD } });
    cookie = reply.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
  });
  await tally.time("operator, settings read", async () => {
    await client.read(`${API}/config`, { headers: headers() });
  });
  for (const [path, value] of changesAt(time))
    await tally.time(`operator, ${path} changed`, async () => {
      const body = { changes: [{ path, value }] };
      const reply = await client.read(`${API}/config`, {
        ...{ method: "PATCH", body },
        headers: headers(),
      });
      const { differences } = JSON.parse(reply.body) as { differences: unknown[] };
      const settings = await client.read(`${API}/config`, { headers: headers() });
      const { config } = JSON.parse(settings.body) as { config: unknown };
      const now = valueAt(config, path);
      if (differences.length === 0 || JSON.stringify(now) !== JSON.stringify(value))
        throw new Error(`${path} is ${JSON.stringify(now)}, not ${JSON.stringify(value)}`);
    });
  await tally.time("operator, support bundle", async () => {
    await client.read(`${API}/support-bundle`, { headers: headers() });
  });
  await tally.time("operator, logout", async () => {
    await client.read(session, { method: "DELETE", headers: headers() });
    const { status } = await client.ask(`${API}/config`, { headers: headers() });
    if (status !== 401) throw new Error(`after the logout: ${status}`);
  });
}

/** None of them is a restart of anything, and each is another value than the time before. */
function changesAt(time: number): readonly (readonly [string, unknown])[] {
  return [
    ["api.sessionHours", 12 + (time % 2)],
    ["machine.fans", { mode: "manual", dutyPercent: 60 + (time % 2) * 5 }],
  ];
}

function valueAt(config: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], config);
}
