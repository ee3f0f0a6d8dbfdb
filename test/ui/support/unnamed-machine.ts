/** A control board that several machines have, made of files: it is really looked for, not told, and waits for its name. */
import { join } from "node:path";
import { findMachine } from "../../../firmware/find-machine.ts";
import { SystemClock } from "../../../firmware/platform/system-clock.ts";
import { machineWithSettings } from "../../compat/machine-with-settings.ts";
import { fakeTree } from "../../drivers/linux/fake-tree.ts";
import { controlBoardOf, filesPlatform } from "../../support/control-board-files.ts";
import { servePage } from "./page-server.ts";

export interface UnnamedPage extends AsyncDisposable {
  readonly url: string;
  /** What its settings name it; `undefined` until they do. */
  readonly name: string | undefined;
}

/** `board`: id of one of those that it may be. `root`: of the repository, with the page built in its dist/ui. */
export async function unnamedMachine(root: string, board: string): Promise<UnnamedPage> {
  using tree = fakeTree(controlBoardOf(board));
  const found = await findMachine({}, filesPlatform(tree).platform);
  if (found.is === "found") throw new Error(`this can only be ${found.spec.id}`);
  const clock = new SystemClock();
  const machine = await machineWithSettings({ clock, unnamed: found });
  const { device } = machine;
  const server = await servePage({ machine, device, uiFolder: join(root, "dist/ui"), clock });
  return {
    url: server.url,
    get name() {
      return (machine.sparse() as { machine?: { board?: string } }).machine?.board;
    },
    async [Symbol.asyncDispose]() {
      await server.goAway();
      await machine[Symbol.asyncDispose]();
    },
  };
}
