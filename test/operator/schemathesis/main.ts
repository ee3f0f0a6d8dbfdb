/**
 * `npm run interop:api`: schemathesis asks the real server, with a recorded device behind it, whatever the OpenAPI document
 * allows and much that it does not, with every key and with none. No 5xx, and no answer that the document does not describe.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { poolTester } from "../../../firmware/operator/pool-test.ts";
import { SystemClock } from "../../../firmware/platform/system-clock.ts";
import { systemEntropy } from "../../../firmware/platform/system-entropy.ts";
import type { Answer, Request } from "../../../src/api/operator-link.ts";
import type { MachineSnapshot } from "../../../src/telemetry/machine-snapshot.ts";
import { agreeable, type Served, served } from "../http/served.ts";
import { findSchemathesis } from "./find-schemathesis.ts";

/** Everything that the tool knows, but for what needs to know which data the machine has. */
const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
  "negative_data_rejection",
  "unsupported_method",
  "allow_header_conformance",
  "ignored_auth",
];

const runs = ["nobody", "reader", "administrator"] as const;
const examples = process.argv.includes("--short") ? "10" : "40";
const say = (text: string) => void process.stdout.write(`${text}\n`);

const program = findSchemathesis(say);
const clock = new SystemClock();
const unlimited = { perSecond: 1e6, burst: 1e6 };
const testPool = poolTester({
  clock,
  entropy: systemEntropy,
  identity: { vendor: "asicd", hardwareVersion: "test", firmware: "0", deviceId: "" },
  // What is asked for must not be reached from here.
  dial: () => Promise.reject(new Error("nobody listens")),
  resolve: () => Promise.resolve(["192.0.2.1"]),
});

let failed = false;
for (const run of runs) {
  await using machine = await served({
    clock,
    testPool,
    machine: recorded(),
    limits: { requests: unlimited, writes: unlimited },
  });
  machine.operated.answerWith(withoutReset);
  say(`\n== schemathesis as ${run}`);
  const code = await ask(machine, await headersOf(machine, run));
  say(`${code === 0 ? "passed" : "FAILED"} as ${run}`);
  failed ||= code !== 0;
}
// The recorded machine's clocks would keep it alive.
process.exit(failed ? 1 : 0);

function recorded(): MachineSnapshot {
  // From the root of the clone, where the runner starts: this file itself is bundled elsewhere.
  const file = join(process.cwd(), "test/vectors/machine-snapshot.json");
  return JSON.parse(readFileSync(file, "utf8")) as MachineSnapshot;
}

/** The keys of this run must stay good. */
function withoutReset(request: Request): Answer {
  return request.ask === "act" && request.action.do === "factory-reset"
    ? { is: "refused", code: "not-now", text: "not during this test" }
    : agreeable(request);
}

async function headersOf(machine: Served, run: (typeof runs)[number]): Promise<readonly string[]> {
  if (run === "nobody") return [];
  const scope = run === "reader" ? "read" : "admin";
  const made = await machine.keyring.createToken({ name: run, scope, expiresDays: null });
  if (typeof made === "string") throw new Error(made);
  return ["--header", `Authorization: Bearer ${made.token}`];
}

function ask(machine: Served, headers: readonly string[]): Promise<number | null> {
  const base = `http://127.0.0.1:${machine.port}/api/v1`;
  const args = [
    ...["run", `${base}/openapi.json`, "--checks", CHECKS.join(",")],
    // A stream that does not end; test/operator/http/live.test.ts has it.
    ...["--exclude-path", "/live"],
    ...["--phases", "examples,coverage,fuzzing", "--max-examples", examples],
    // One: on Python 3.11 its reading of its own source breaks down now and then when two threads do it.
    ...["--workers", "1", "--seed", "1", "--no-color", "--suppress-health-check", "all"],
    ...headers,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    // Marked as somebody else's: its closing line looks like that of a test runner which ran no test.
    createInterface({ input: child.stdout }).on("line", (line) => say(`| ${line}`));
    child.once("error", reject);
    child.once("close", resolve);
  });
}
