/** What only the computer around the emulated board can see and do: a question per line of JSON, an answer per line. */
import { once } from "node:events";
import { createConnection } from "node:net";

/** The host, as QEMU's network shows it to its guest. */
export const HOST = "10.0.2.2";

export interface Host {
  levelOf(bank: number, line: number): Promise<0 | 1>;
  drive(bank: number, line: number, level: 0 | 1): Promise<void>;
  heat(sensor: number, temperatureC: number): Promise<void>;
  close(): void;
}

export async function connectHost(port: number): Promise<Host> {
  const socket = createConnection({ host: HOST, port, noDelay: true });
  await once(socket, "connect");
  const waiting: ((answer: { readonly error?: string; readonly value?: number }) => void)[] = [];
  let unfinished = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    const lines = `${unfinished}${chunk}`.split("\n");
    unfinished = lines.pop() ?? "";
    for (const line of lines) waiting.shift()?.(JSON.parse(line));
  });
  const ask = async (question: Readonly<Record<string, unknown>>): Promise<number | undefined> => {
    const answered = new Promise<{ readonly error?: string; readonly value?: number }>((resolve) =>
      waiting.push(resolve),
    );
    socket.write(`${JSON.stringify(question)}\n`);
    const { error, value } = await answered;
    if (error !== undefined) throw new Error(`the host: ${error}`);
    return value;
  };
  return {
    levelOf: async (bank, line) => ((await ask({ ask: "level", bank, line })) === 1 ? 1 : 0),
    drive: async (bank, line, level) => void (await ask({ ask: "drive", bank, line, level })),
    heat: async (sensor, temperatureC) => void (await ask({ ask: "heat", sensor, temperatureC })),
    close: () => socket.destroy(),
  };
}
