import { spawn } from "node:child_process";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { runInGuest, startInGuest } from "../../../simulator/control-board/guest-shell.ts";

test("a command's output and exit code come back", async () => {
  await using guest = await guestShell();
  expect(await runInGuest(guest.port, "echo one; echo two >&2; exit 3")).toEqual({
    code: 3,
    stdout: "one\ntwo\n",
  });
});

test("output without a newline at its end is a line all the same", async () => {
  await using guest = await guestShell();
  expect((await runInGuest(guest.port, "printf half")).stdout).toBe("half\n");
});

test("text of the shell's own passes unharmed, over several lines", async () => {
  await using guest = await guestShell();
  const command = `for word in "a  b" 'c"d' '$x' é; do\n  echo "$word"\ndone`;
  expect((await runInGuest(guest.port, command)).stdout).toBe('a  b\nc"d\n$x\né\n');
});

test("a command that runs says its lines as they come, and is ended with its children", async () => {
  await using guest = await guestShell();
  const running = await startInGuest(guest.port, "echo ready; sleep 100 & wait");
  await new Promise<void>((resolve) => {
    if (running.lines.includes("ready")) resolve();
    else running.onLine(() => resolve());
  });
  await running.kill("TERM");
  expect((await running.ended).code).toBe(143);
});

test("one that is not over in time is ended and said so", async () => {
  await using guest = await guestShell();
  const running = runInGuest(guest.port, "echo stuck; sleep 100", { timeoutMs: 1_500 });
  await expect(running).rejects.toThrow(/not over after 1500 ms: echo stuck/);
});

test("where nobody answers, it says so", async () => {
  await expect(runInGuest(1, "true")).rejects.toThrow(/ECONNREFUSED/);
});

/** The script that runs in the guest, behind a server instead of busybox's nc. */
async function guestShell(): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer((socket) => {
    const child = spawn("sh", ["simulator/control-board/guest-command.sh"]);
    socket.on("error", () => {});
    child.stdin.on("error", () => {});
    socket.pipe(child.stdin);
    child.stdout.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
