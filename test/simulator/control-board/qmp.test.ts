import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LineDriver } from "../../../simulator/control-board/line-driver.ts";
import { QmpClient } from "../../../simulator/control-board/qmp.ts";
import { forwardedPorts } from "../../../simulator/control-board/virtual-board.ts";

const GREETING = '{"QMP": {"version": {}, "capabilities": []}}\r\n';

test("commands are taken after the negotiation, and answers find their commands", async () => {
  const asked: unknown[] = [];
  await using qemu = await scripted((line, socket) => {
    const { execute, arguments: options, id } = JSON.parse(line);
    asked.push(execute === "qom-set" ? options : execute);
    const answer = `${JSON.stringify({ return: execute === "human-monitor-command" ? "0209c000: 0x8000002a\r\n" : {}, id })}\r\n`;
    // In two pieces, with an event in between.
    socket.write(`{"event": "RESUME", "data": {}}\r\n${answer.slice(0, 5)}`);
    setImmediate(() => socket.write(answer.slice(5)));
  }, GREETING);
  const events: string[] = [];
  using client = await QmpClient.connect(qemu.path, ({ event }) => events.push(event));
  await client.setProperty("/machine/peripheral/sensor0", "temperature", 61_500);
  expect(await client.readWord(0x0209_c000)).toBe(0x8000_002a);
  expect(asked).toEqual([
    "qmp_capabilities",
    { path: "/machine/peripheral/sensor0", property: "temperature", value: 61_500 },
    "human-monitor-command",
  ]);
  expect(events).toEqual(["RESUME", "RESUME", "RESUME"]);
});

test("what QEMU refuses is an error that names the command", async () => {
  await using qemu = await scripted((line, socket) => {
    const { execute, id } = JSON.parse(line);
    const refused = { error: { class: "GenericError", desc: "no such property" }, id };
    const answer = execute === "qom-set" ? refused : { return: {}, id };
    socket.write(`${JSON.stringify(answer)}\r\n`);
  }, GREETING);
  using client = await QmpClient.connect(qemu.path);
  await expect(client.setProperty("/machine", "x", 1)).rejects.toThrow("qom-set: no such property");
});

test("a QEMU that ends rejects what waits and everything afterwards", async () => {
  await using qemu = await scripted((line, socket) => {
    const { execute, id } = JSON.parse(line);
    if (execute === "qmp_capabilities") socket.write(`${JSON.stringify({ return: {}, id })}\r\n`);
    else socket.destroy();
  }, GREETING);
  using client = await QmpClient.connect(qemu.path);
  await expect(client.execute("quit")).rejects.toThrow("quit: QEMU closed the connection");
  await expect(client.execute("stop")).rejects.toThrow("stop: QEMU closed the connection");
});

test("something that is no QEMU is refused", async () => {
  await using other = await scripted(() => {}, "220 welcome\r\n");
  await expect(QmpClient.connect(other.path)).rejects.toThrow("not QMP: 220 welcome");
});

test("lines are driven one command each, and a refusal says which", async () => {
  const asked: string[] = [];
  await using qemu = await scripted((line, socket) => {
    asked.push(line);
    socket.write(line.includes("gpio9") ? "FAIL Unknown device\n" : "IRQ raise 1\nOK\n");
  });
  using lines = await LineDriver.connect(qemu.path);
  await lines.set(5, 18, 1);
  await expect(lines.set(9, 0, 1)).rejects.toThrow("line 0 of GPIO9: FAIL Unknown device");
  expect(asked[0]).toBe("set_irq_in /machine/soc/gpio5 unnamed-gpio-in 18 1");
});

test("the host's ports are read from QEMU's table", () => {
  const table = [
    "Hub -1 (#net088):",
    "  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ",
    "  TCP[HOST_FORWARD]  21       127.0.0.1 41827       10.0.2.15  2323     0     0",
    "  TCP[ESTABLISHED]   25       127.0.0.1 41827       10.0.2.15  2323     0     0",
    "  TCP[HOST_FORWARD]  20       127.0.0.1 35003       10.0.2.15    80     0     0",
  ].join("\r\n");
  expect(forwardedPorts(table)).toEqual(
    new Map([
      [2323, 41_827],
      [80, 35_003],
    ]),
  );
});

async function scripted(
  onLine: (line: string, socket: Socket) => void,
  greeting = "",
): Promise<{ readonly path: string } & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), "asicd-qmp-"));
  const path = join(folder, "socket");
  const server = createServer((socket) => {
    socket.on("error", () => {});
    if (greeting !== "") socket.write(greeting);
    let unfinished = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      const lines = `${unfinished}${chunk}`.split("\n");
      unfinished = lines.pop() ?? "";
      for (const line of lines) onLine(line, socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
