import type { Page } from "playwright-core";
import type { TestedMachine } from "../support/tested-machine.ts";

/** Who plays where. */
export interface Scene {
  readonly page: Page;
  readonly machine: TestedMachine;
  /** Of the repository. */
  readonly root: string;
}
