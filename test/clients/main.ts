/** `npm run interop:clients`: our interfaces against the programs of others that read and control miners. */
import { join } from "node:path";
import type { Persona } from "../../src/api/status.ts";
import { Rows } from "../interop/rows.ts";
import {
  checkAxeosWrites,
  checkControl,
  checkData,
  checkDetection,
  checkRefusal,
} from "./check-subject.ts";
import { type SimulationName, startSimulations } from "./machines.ts";
import { checkMosquitto } from "./on-mosquitto.ts";
import { checkPrometheus } from "./on-prometheus.ts";
import { operatedSubject } from "./operated-subject.ts";
import { ensurePackages, packages } from "./packages.ts";
import { libraries, type PythonClient, startPythonClient } from "./python-client.ts";
import { Stages } from "./stages.ts";
import type { Subject } from "./subject.ts";

/** Installing counts too. */
const EVERYTHING_WITHIN_MS = 15 * 60_000;

/** As each library calls it; null: it must find nothing. */
const expected: Readonly<Record<Persona, RegExp | null>> = {
  antminer: /^(BMMinerS19jPro|Antminer S19jPro \(AntMiner Stock\))$/,
  axeos: /^(BitAxeGamma|Bitaxe Gamma \(Bitaxe Stock\))$/,
  none: null,
};

const json = process.argv.includes("--json");
/** "recordings", "simulate", "mosquitto", "prometheus"; and parts of libraries' names, for those alone. */
const words = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const isOfLibrary = (word: string) => libraries.some(({ name }) => name.includes(word));
const parts = words.filter((word) => !isOfLibrary(word));
const isWanted = (part: string) => parts.length === 0 || parts.includes(part);
const chosen = words.filter(isOfLibrary);
const startedMs = performance.now();
const seconds = () => Math.round((performance.now() - startedMs) / 1_000);
const say = (text: string) =>
  void process.stderr.write(`${`${seconds()}`.padStart(4)} s  ${text}\n`);
const rows = new Rows(say);
const stages = new Stages(say);
setTimeout(() => {
  say("the time is over");
  process.exit(1);
}, EVERYTHING_WITHIN_MS).unref();

const clients = await stages.run("installing", installed);
{
  // They come up while recordings are read.
  await using simulations = isWanted("simulate")
    ? await startSimulations(join(process.cwd(), "dist/asicd.js"), say)
    : undefined;
  if (isWanted("recordings")) await stages.run("recordings", checkRecordings);
  for (const [name, check] of [
    ["mosquitto", checkMosquitto],
    ["prometheus", checkPrometheus],
  ] as const)
    if (isWanted(name))
      await stages.run(name, () =>
        attempt(name, async () => {
          await using subject = await operatedSubject("antminer", "127.0.0.21");
          await check(subject, rows);
        }),
      );
  const simulated = (name: SimulationName, stage: string, check: (subject: Subject) => unknown) =>
    stages.run(`${name}: ${stage}`, () =>
      attempt(`asicd simulate, ${name}`, async () => {
        if (simulations !== undefined) await check(await simulations.of(name));
      }),
    );
  if (simulations !== undefined) {
    // These first: a fan will stop there.
    for (const name of ["antminer in trouble", "axeos in trouble"] as const)
      await simulated(name, "before the fan stops", (subject) =>
        checkData(subject, clients, ["crippled"], rows),
      );
    for (const name of ["antminer", "axeos"] as const)
      await simulated(name, "mining", async (subject) => {
        await checkData(subject, clients, ["mining"], rows);
        await detect(subject);
      });
    for (const name of ["none", "axeos in trouble"] as const)
      await simulated(name, "detection", detect);
    await simulated("antminer", "control", async (subject) => {
      for (const client of clients) await checkControl(subject, client, rows);
    });
    await simulated("axeos", "refusal", async (subject) => {
      for (const client of clients) await checkRefusal(subject, client, rows);
      await checkAxeosWrites(subject, rows);
    });
    for (const name of ["antminer", "axeos"] as const)
      await simulated(name, "paused", (subject) => checkData(subject, clients, ["paused"], rows));
    for (const name of ["antminer in trouble", "axeos in trouble"] as const)
      await simulated(name, "a fan stopped", (subject) =>
        checkData(subject, clients, ["broken"], rows),
      );
  }
}
for (const client of clients) await client[Symbol.asyncDispose]();

say(`took: ${stages.text()}`);
const passed = rows.allPassed;
if (json)
  process.stdout.write(`${JSON.stringify({ passed, seconds: seconds(), rows: rows.all })}\n`);
else
  process.stdout.write(
    `\n${rows.table()}\n${stages.text()}\n${passed ? "all passed" : "NOT all passed"} in ${seconds()} s\n`,
  );
process.exit(passed ? 0 : 1);

/** What can be had; what cannot is a failure of its own. */
async function installed(): Promise<readonly PythonClient[]> {
  const needed = [
    packages.venv,
    ...(isWanted("mosquitto") ? [packages.mosquitto] : []),
    ...(isWanted("prometheus") ? [packages.prometheus] : []),
  ];
  await attempt("Debian's packages are there", () => ensurePackages(needed, say));
  const asked = libraries.filter(
    ({ name }) => chosen.length === 0 || chosen.some((word) => name.includes(word)),
  );
  const found = await Promise.all(
    asked.map((library) =>
      startPythonClient(library, say).catch((error: unknown) => {
        rows.add(`${library.name} is there`, false, textOf(error));
        return undefined;
      }),
    ),
  );
  return found.flatMap((client) => client ?? []);
}

async function detect(subject: Subject): Promise<void> {
  for (const client of clients)
    await checkDetection(subject, client, expected[subject.persona], rows);
}

/** Machines that stand still: what is read of them can be held against them exactly. */
async function checkRecordings(): Promise<void> {
  for (const [persona, address, act] of [
    ["antminer", "127.0.0.21", checkControl],
    ["axeos", "127.0.0.22", checkRefusal],
  ] as const)
    await attempt(`a recording with persona ${persona}`, async () => {
      await using subject = await operatedSubject(persona, address);
      await checkData(subject, clients, ["mining", "paused", "broken"], rows);
      await subject.enter("mining");
      for (const client of clients) await act(subject, client, rows);
    });
}

async function attempt(what: string, run: () => Promise<void>): Promise<void> {
  await run().catch((error: unknown) => rows.add(what, false, textOf(error)));
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
