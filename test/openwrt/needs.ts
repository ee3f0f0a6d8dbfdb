/** Programs that tests of shell need and that are no packages of npm: apt-get install busybox shellcheck. */
import { spawnSync } from "node:child_process";

const answers = (program: string, ...words: readonly string[]) =>
  spawnSync(program, words, { stdio: "ignore" }).status === 0;

/** Its ash is the shell of OpenWrt, and its awk and setsid are used by the harness. */
export const hasBusybox = answers("busybox", "ash", "-c", "exit 0");
export const hasShellcheck = answers("shellcheck", "--version");
