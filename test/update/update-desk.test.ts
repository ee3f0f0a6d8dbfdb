/** What the supervisor does for the API, on a machine in a folder: nothing while another one is at work, and nothing left over. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { UpdateDesk } from "../../firmware/update/update-desk.ts";
import { lockUpdates } from "../../firmware/update/update-lock.ts";
import { silentLog } from "../../src/lib/log.ts";
import type { TreeName } from "../../src/update/boot-state.ts";
import { ScratchMachine } from "./scratch-machine.ts";

const NEW: TreeName = "versions/0.2.0-0a1b2c3d";

function deskOf(machine: ScratchMachine): { desk: UpdateDesk; uploadedFile: string } {
  const uploadedFile = join(machine.root, "received.update");
  const desk = new UpdateDesk({
    launched: { root: machine.root, tree: "base", isOnTrial: false },
    configFile: machine.configFile,
    uploadedFile,
    log: silentLog,
    restart: () => {},
  });
  return { desk, uploadedFile };
}

test("what lies beside is not removed while another one is at work, and is afterwards", async () => {
  using machine = new ScratchMachine();
  machine.putTree(NEW, "0.2.0", "ends");
  const { desk } = deskOf(machine);
  {
    using _lock = lockUpdates(machine.paths.lock);
    expect(await desk.take({ do: "discard" })).toMatchObject({ is: "refused", code: "busy" });
    expect(readdirSync(machine.paths.versions)).toHaveLength(1);
  }
  expect(await desk.take({ do: "discard" })).toMatchObject({ is: "done" });
  expect(readdirSync(machine.paths.versions)).toEqual([]);
});

test("that a return was told is kept as soon as nobody else is at work", async () => {
  using machine = new ScratchMachine();
  machine.putBoot({ previous: NEW, state: "returned" });
  const { desk } = deskOf(machine);
  {
    using _lock = lockUpdates(machine.paths.lock);
    await desk.take({ do: "told" });
    desk.refresh();
    expect(machine.boot?.attempts).toBe(0);
  }
  desk.refresh();
  expect(machine.boot?.attempts).toBe(1);
});

test("a received update is gone when it was judged, and when power failed before that", async () => {
  using machine = new ScratchMachine();
  writeFileSync(join(machine.root, "received.update"), "from before");
  const { desk, uploadedFile } = deskOf(machine);
  expect(existsSync(uploadedFile)).toBe(false);
  writeFileSync(uploadedFile, "no update");
  const over = new Promise<string | null>((resolve) => {
    desk.changed.on(({ progress, problem }) => progress === "none" && resolve(problem));
  });
  expect(await desk.take({ do: "stage", allowDowngrade: false })).toMatchObject({ is: "accepted" });
  expect(await over).not.toBeNull();
  expect(existsSync(uploadedFile)).toBe(false);
});
