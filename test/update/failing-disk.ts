/** A disk whose power goes away before a chosen operation, and which then has lost what nobody synced. */
import {
  copyFileSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { dirname } from "node:path";
import { type SlotDisk, slotDisk } from "../../firmware/update/slot-disk.ts";

export class PowerCut extends Error {}

export class FailingDisk implements SlotDisk {
  operations = 0;
  readonly #cutBefore: number;
  readonly #unsyncedFiles = new Set<string>();
  /** Names that are not on the disk yet, with how to take them back. */
  #unsyncedNames: { readonly folder: string; readonly undo: () => void }[] = [];

  /** Operations are counted from 0. */
  constructor(cutBefore: number) {
    this.#cutBefore = cutBefore;
  }

  /** What the disk holds when power comes back, if it was as lazy as it may be. */
  loseUnsynced(): void {
    for (const file of this.#unsyncedFiles)
      if (existsSync(file)) truncateSync(file, Math.floor(statSync(file).size / 2));
    for (const { undo } of this.#unsyncedNames.reverse()) undo();
  }

  makeFolder(path: string, mode: number): void {
    this.#step();
    const isNew = !existsSync(path);
    slotDisk.makeFolder(path, mode);
    if (isNew)
      this.#unsyncedNames.push({
        folder: dirname(path),
        // With what was synced below it a folder is there.
        undo: () =>
          existsSync(path) && readdirSync(path).length === 0 && rmSync(path, { recursive: true }),
      });
  }

  create(path: string, mode: number, owner?: { uid: number; gid: number }) {
    this.#step();
    const file = slotDisk.create(path, mode, owner);
    this.#unsyncedFiles.add(path);
    return {
      write: (bytes: Uint8Array) => {
        this.#step();
        file.write(bytes);
      },
      syncAndClose: () => {
        this.#step();
        file.syncAndClose();
        this.#unsyncedFiles.delete(path);
      },
    };
  }

  rename(from: string, to: string): void {
    this.#step();
    const saved = `${to}.before-the-cut`;
    const hadOne = existsSync(to) && statSync(to).isFile();
    if (hadOne) copyFileSync(to, saved);
    slotDisk.rename(from, to);
    this.#unsyncedNames.push({
      folder: dirname(to),
      undo() {
        if (!existsSync(to)) return;
        renameSync(to, from);
        if (hadOne) renameSync(saved, to);
      },
    });
  }

  remove(path: string): void {
    this.#step();
    slotDisk.remove(path);
  }

  syncFolder(path: string): void {
    this.#step();
    slotDisk.syncFolder(path);
    this.#unsyncedNames = this.#unsyncedNames.filter(({ folder }) => folder !== path);
  }

  freeBytes(): number {
    return Number.POSITIVE_INFINITY;
  }

  #step(): void {
    if (this.operations >= this.#cutBefore)
      throw new PowerCut(`power cut before operation ${this.operations}`);
    this.operations++;
  }
}
