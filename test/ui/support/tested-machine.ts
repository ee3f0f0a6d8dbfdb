/** What the end-to-end suite needs of a machine: where its page is, and a hand on what happens to it. */
export interface TestedMachine extends AsyncDisposable {
  readonly url: string;
  /** Of a pool that works, in the form that an operator types. */
  readonly poolUrl: string;
  /** Does what makes page and API restart, where they are a process of their own, and waits for the next one. */
  restarting(act: () => Promise<void>): Promise<void>;
  /** A board gets too hot, which takes its power. */
  overheat(): Promise<void>;
  /** A board that stays without power until somebody has looked at it; absent where that would take minutes. */
  latch?(): Promise<void>;
  /** The page's server is gone. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
}
