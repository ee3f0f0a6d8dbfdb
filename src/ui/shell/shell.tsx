/** The frame around every page: name, state, navigation, and the switches for theme and language. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { MachineState, Status } from "../../api/status.ts";
import { failureText, useApp } from "../data/app.tsx";
import type { Theme } from "../data/preferences.ts";
import { useStore } from "../data/store.ts";
import { Button, Pill, type Tone, useWordsBound } from "../parts/basics.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Select } from "../parts/field.tsx";
import { Icon } from "../parts/icon.tsx";
import type { Language } from "../words/translate.ts";
import { Banners, isStale } from "./banners.tsx";
import { type PageName, pageNames } from "./route.ts";

/** On a phone the last ones are behind "more". */
const FIRST_ON_PHONE: readonly PageName[] = ["overview", "boards", "pools", "cooling"];

export const stateTones: Readonly<Record<MachineState, Tone>> = {
  mining: "good",
  starting: "info",
  paused: "neutral",
  "no-pool": "warning",
  protected: "bad",
  stopped: "neutral",
  lost: "bad",
};

export function Shell({
  page,
  status,
  children,
  onLogin,
}: {
  page: PageName;
  status: Status | null;
  children: ComponentChildren;
  onLogin: () => void;
}) {
  const { t, words } = useWordsBound();
  const { live } = useApp();
  const connection = useStore(live.connection);
  const main = useRef<HTMLElement>(null);
  // Where nothing is measured, a guard that says nothing makes nothing old: here is what helps such a machine.
  const isMeasured = page !== "settings" && page !== "system";
  const isOld = connection.is === "lost" || (isMeasured && status !== null && isStale(status));
  const name = status?.device.name ?? "asicd";
  const title = t(`nav.${page}`);
  const shownBefore = useRef<PageName | null>(null);
  useEffect(() => {
    document.title = `${title} · ${name}`;
  }, [title, name]);
  useEffect(() => {
    // A new page is read from its beginning; the first one is where the browser already is.
    if (shownBefore.current !== null && shownBefore.current !== page) {
      scrollTo(0, 0);
      main.current?.focus({ preventScroll: true });
    }
    shownBefore.current = page;
  }, [page]);
  return (
    <div class={`shell ${isOld ? "is-old" : ""}`}>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        {t("skip")}
      </button>
      <header class="top">
        <a class="brand" href="#/overview">
          <img src="/icon.svg" alt="" width="28" height="28" />
          <span>{name}</span>
        </a>
        <div class="top-state" aria-live="polite">
          {connection.is === "lost" && <Pill tone="bad">{t("connection.none")}</Pill>}
          {connection.is !== "lost" && status !== null && (
            <Pill tone={stateTones[status.summary.state]}>
              {words.code("state", status.summary.state)}
            </Pill>
          )}
        </div>
        <Account onLogin={onLogin} />
      </header>
      <Navigation page={page} status={status} />
      <main id="main" ref={main} tabIndex={-1}>
        <Banners status={status} />
        <h1 class={page === "overview" ? "sr-only" : ""}>{title}</h1>
        <div class="content">{children}</div>
      </main>
    </div>
  );
}

function Navigation({ page, status }: { page: PageName; status: Status | null }) {
  const { t } = useWordsBound();
  const [open, setOpen] = useState(false);
  const errors = status?.problems.filter(({ severity }) => severity === "error").length ?? 0;
  const isBehindMore = !FIRST_ON_PHONE.includes(page);
  return (
    <nav class={`nav ${open ? "open" : ""}`} aria-label={t("nav")}>
      <ul>
        {pageNames.map((name) => (
          <li key={name} class={FIRST_ON_PHONE.includes(name) ? "" : "later"}>
            <a
              href={`#/${name}`}
              aria-current={name === page ? "page" : undefined}
              onClick={() => setOpen(false)}
            >
              <Icon name={name} />
              <span>{t(`nav.${name}`)}</span>
              {name === "overview" && errors > 0 && (
                <span class="badge">
                  {errors}
                  <span class="sr-only"> {t("problems")}</span>
                </span>
              )}
            </a>
          </li>
        ))}
        <li class="more">
          <button
            type="button"
            aria-expanded={open}
            class={isBehindMore ? "current" : ""}
            onClick={() => setOpen(!open)}
          >
            <Icon name="more" />
            <span>{t("nav.more")}</span>
          </button>
        </li>
      </ul>
    </nav>
  );
}

function Account({ onLogin }: { onLogin: () => void }) {
  const { words, t } = useWordsBound();
  const app = useApp();
  const { session } = app;
  const facts = useStore(session.facts);
  const [open, setOpen] = useState(false);
  const logout = async () => {
    const failure = await session.logout();
    // Nobody may walk away from a page that only looks like it was left.
    if (failure !== null) app.toast("bad", failureText(words, failure));
  };
  return (
    <div class="account">
      {facts?.loggedIn === true ? (
        <Button kind="quiet" icon="unlock" onClick={logout}>
          <span class="wide-only">{t("logout")}</span>
          <span class="sr-only narrow-only">{t("logout")}</span>
        </Button>
      ) : (
        <Button kind="quiet" icon="lock" onClick={onLogin}>
          {t("login")}
        </Button>
      )}
      <Button kind="quiet" icon="theme" label={t("appearance")} onClick={() => setOpen(true)}>
        {null}
      </Button>
      {open && <Appearance onClose={() => setOpen(false)} />}
    </div>
  );
}

export function Appearance({ onClose }: { onClose: () => void }) {
  const { t } = useWordsBound();
  return (
    <Dialog title={t("appearance")} onClose={onClose}>
      <AppearanceFields />
      <div class="actions end">
        <Button kind="primary" onClick={onClose}>
          {t("done")}
        </Button>
      </div>
    </Dialog>
  );
}

export function AppearanceFields() {
  const { t } = useWordsBound();
  const { preferences } = useApp();
  const { theme, language } = useStore(preferences);
  return (
    <div class="row">
      <Select<Theme>
        label={t("theme")}
        value={theme}
        options={[
          ["system", t("theme.system")],
          ["light", t("theme.light")],
          ["dark", t("theme.dark")],
        ]}
        onChange={(next) => preferences.set({ ...preferences.value, theme: next })}
      />
      <Select<Language>
        label={t("language")}
        value={language}
        options={[
          ["en", "English"],
          ["de", "Deutsch"],
        ]}
        onChange={(next) => preferences.set({ ...preferences.value, language: next })}
      />
    </div>
  );
}
