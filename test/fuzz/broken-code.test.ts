/** What is broken on purpose in the real code is found: a fuzzer whose rules nobody can break proves nothing. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { bundle, type Edit } from "./bundle.ts";
import { step } from "./history/step.ts";
import { inputToText } from "./input-text.ts";

interface Broken {
  readonly target: string;
  readonly edit: Edit;
  readonly found: RegExp;
  /** Absent: it is found by itself. */
  readonly input?: unknown;
}

const broken: Readonly<Record<string, Broken>> = {
  "the tip before lives on": {
    target: "sv2-standard",
    edit: {
      file: "src/upstream/job-book.ts",
      from: "if (this.#tip !== undefined) this.#tip.live = false;\n    const { jobId",
      to: "const { jobId",
    },
    found: /dead tip|a tip of it lives/,
  },
  "messages to a group reach nobody": {
    target: "sv2-standard",
    edit: {
      file: "src/upstream/open-channels.ts",
      from: "channelId === id || groupChannelId === id",
      to: "channelId === id",
    },
    found: /dead tip/,
    input: {
      wanted: 2,
      steps: [step("block"), step("tip"), step("block", { a: 1 }), step("share", { a: 1, b: 1 })],
    },
  },
  "the server's part of the extranonce is forgotten": {
    target: "sv2-extended",
    edit: {
      file: "src/upstream/extended-channel.ts",
      from: "extranoncePrefix: this.extranoncePrefix,",
      to: "extranoncePrefix: new Uint8Array(),",
    },
    found: /another merkle root/,
  },
  "future jobs are kept without end": {
    target: "sv2-extended",
    edit: {
      file: "src/upstream/job-book.ts",
      from: "const MAX_FUTURE_JOBS = 16;",
      to: "const MAX_FUTURE_JOBS = 1e9;",
    },
    found: /8000 messages of kind 0 left \d+\.\d MB/,
    input: { wanted: 1, steps: [step("storm")] },
  },
  "a clean job leaves the jobs before alive": {
    target: "v1",
    edit: {
      file: "src/sv1/notify-job.ts",
      from: 'clean: clean === true || clean === 1 || clean === "true",',
      to: "clean: false,",
    },
    found: /dead tip|a tip of it lives/,
  },
  "bytes beyond the end are read": {
    target: "messages",
    edit: {
      file: "src/sv2/byte-io.ts",
      from: "if (length > available)",
      to: "if (length > available + 1)",
    },
    found: /RangeError/,
  },
};

test.each(Object.entries(broken))(
  "%s",
  { timeout: 60_000 },
  async (_what, { target, edit, found, input }) => {
    const folder = mkdtempSync(join(tmpdir(), "asicd-fuzz-"));
    try {
      const program = join(folder, "fuzz.mjs");
      await bundle(program, edit);
      const how =
        input === undefined
          ? ["--first", "--seconds", "20", "--shrink-seconds", "0.5"]
          : ["--input", inputToText(input)];
      const { status, stdout } = spawnSync(
        process.execPath,
        [program, "--target", target, ...how],
        { encoding: "utf8", cwd: resolve(".") },
      );
      expect(stdout).toMatch(found);
      expect(status).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
