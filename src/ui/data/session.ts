/** Who looks at the page, and what they may do. */
import type { Scope } from "../../api/device.ts";
import type { Api, Failure } from "./api.ts";
import { Store } from "./store.ts";

export interface SessionFacts {
  readonly loggedIn: boolean;
  readonly scope: Scope | null;
  readonly passwordSet: boolean;
  readonly publicRead: boolean;
  readonly name: string;
}

const ORDER: readonly Scope[] = ["read", "control", "admin"];

export class Session {
  /** null: not asked yet, or no answer. */
  readonly facts = new Store<SessionFacts | null>(null);
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
    api.onLoginNeeded = () => void this.refresh();
  }

  async refresh(): Promise<void> {
    const reply = await this.#api.get<SessionFacts>("/session");
    if (reply.ok) this.facts.set(reply.value);
  }

  async login(password: string): Promise<Failure | null> {
    const reply = await this.#api.post("/session", { password });
    if (reply.ok) await this.refresh();
    return reply.ok ? null : reply;
  }

  async logout(): Promise<Failure | null> {
    const reply = await this.#api.delete("/session");
    await this.refresh();
    return reply.ok ? null : reply;
  }

  async setPassword(next: string, current?: string): Promise<Failure | null> {
    const body = current === undefined ? { new: next } : { current, new: next };
    const reply = await this.#api.post("/password", body);
    return reply.ok ? null : reply;
  }
}

export function may(facts: SessionFacts | null, scope: Scope): boolean {
  if (facts === null || !facts.loggedIn) return false;
  return ORDER.indexOf(facts.scope ?? "read") >= ORDER.indexOf(scope);
}
