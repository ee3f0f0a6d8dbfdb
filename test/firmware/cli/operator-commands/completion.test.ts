import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { ask } from "./asked.ts";

/** What bash would offer after these words. */
async function offered(...words: string[]): Promise<string[]> {
  const { stdout: script } = await ask(["completion", "bash"]);
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const { stdout, stderr, status } = spawnSync(
    "bash",
    [
      "--norc",
      "-c",
      `${script}\nCOMP_WORDS=(asicd ${quoted})\nCOMP_CWORD=${words.length}\n_asicd\nprintf '%s\\n' "\${COMPREPLY[@]}"`,
    ],
    { encoding: "utf8" },
  );
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  return stdout.trim().split("\n");
}

test("bash completes commands, verbs and options", async () => {
  expect(await offered("sw")).toEqual(["switch-pool"]);
  expect(await offered("re")).toEqual(["resume", "restart"]);
  expect(await offered("token", "re")).toEqual(["revoke"]);
  expect(await offered("restart", "--ch")).toEqual(["--chain"]);
  // The value of an option is not guessed.
  expect(await offered("token", "create", "--scope", "")).toEqual([""]);
});

test.each(["zsh", "fish"])("the script for %s names every command and option", async (shell) => {
  const { stdout } = await ask(["completion", shell]);
  for (const word of ["switch-pool", "revoke", "seconds", "watch", "socket"])
    expect(stdout).toContain(word);
  if (spawnSync(shell, ["--version"]).error === undefined)
    expect(spawnSync(shell, ["-n"], { input: stdout }).status).toBe(0);
});
