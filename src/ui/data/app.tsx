/** What every part of the page may ask for. */
import { type ComponentChildren, createContext } from "preact";
import { useContext, useMemo } from "preact/hooks";
import type { ActionName } from "../../api/device.ts";
import type { DeviceEvent } from "../../api/status.ts";
import { chosenLocale, Words } from "../words/translate.ts";
import { Api, type Failure } from "./api.ts";
import { Live } from "./live.ts";
import { openPreferences, type Preferences } from "./preferences.ts";
import { may, Session } from "./session.ts";
import { Store, useStore } from "./store.ts";

export interface Toast {
  readonly id: number;
  readonly tone: "good" | "bad";
  readonly text: string;
}

const TOAST_MS = 6_000;

export class App {
  readonly api = new Api();
  readonly live = new Live();
  readonly session = new Session(this.api);
  readonly preferences: Store<Preferences> = openPreferences();
  readonly toasts = new Store<readonly Toast[]>([]);
  /** A change of the settings that goes back unless somebody confirms it; null: none. */
  readonly confirmBy = new Store<number | null>(null);
  #toastId = 0;
  #hasSeenWhole = false;

  constructor() {
    this.live.onWhole = () => {
      void this.#loadEvents();
      // After a restart of the device nobody may be logged in any more.
      if (this.#hasSeenWhole) void this.session.refresh();
      this.#hasSeenWhole = true;
    };
  }

  async #loadEvents(): Promise<void> {
    const reply = await this.api.get<{ events: readonly DeviceEvent[] }>("/events?limit=500");
    if (reply.ok) this.live.setEvents(reply.value.events);
  }

  toast(tone: Toast["tone"], text: string): void {
    const id = ++this.#toastId;
    this.toasts.set([...this.toasts.value.slice(-3), { id, tone, text }]);
    setTimeout(() => this.dismiss(id), TOAST_MS);
  }

  dismiss(id: number): void {
    this.toasts.set(this.toasts.value.filter((toast) => toast.id !== id));
  }
}

const AppContext = createContext<App | null>(null);

export function AppProvider({ app, children }: { app: App; children: ComponentChildren }) {
  return <AppContext.Provider value={app}>{children}</AppContext.Provider>;
}

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === null) throw new Error("no App around this component");
  return app;
}

export function useWords(): Words {
  const { language } = useStore(useApp().preferences);
  return useMemo(
    () => new Words(language, chosenLocale(language, navigator.languages)),
    [language],
  );
}

/** Whether whoever looks may do what needs this scope. */
export function useMay(scope: "read" | "control" | "admin"): boolean {
  return may(useStore(useApp().session.facts), scope);
}

export function failureText(words: Words, failure: Failure): string {
  if (failure.code === "no-answer") return words.t("error.no-answer");
  const problems = failure.problems.map(({ path, problem }) => `${path}: ${problem}`);
  return [failure.text, ...problems].filter((text) => text !== "").join(" · ");
}

/** Does an action and tells how it went; true where it was taken. */
export function useAct() {
  const app = useApp();
  const words = useWords();
  return async (
    name: ActionName,
    body: Readonly<Record<string, unknown>> = {},
    doneText?: string,
  ): Promise<boolean> => {
    const reply = await app.api.act(name, body);
    if (reply.ok) app.toast("good", doneText ?? reply.value.text);
    else app.toast("bad", failureText(words, reply));
    return reply.ok;
  };
}
