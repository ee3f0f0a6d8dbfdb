/** What this browser remembers of how it wants the page. */
import { chosenLanguage, type Language, languages } from "../words/translate.ts";
import { Store } from "./store.ts";

export type Theme = "system" | "light" | "dark";

export interface Preferences {
  readonly theme: Theme;
  readonly language: Language;
}

const KEY = "asicd.preferences";

export function openPreferences(): Store<Preferences> {
  const store = new Store<Preferences>(stored());
  const show = () => {
    document.documentElement.dataset["theme"] = store.value.theme;
    document.documentElement.lang = store.value.language;
  };
  show();
  store.subscribe(() => {
    show();
    try {
      localStorage.setItem(KEY, JSON.stringify(store.value));
    } catch {
      // A browser that keeps nothing: until the page is loaded again.
    }
  });
  return store;
}

function stored(): Preferences {
  let kept: Partial<Preferences> = {};
  try {
    kept = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Preferences>;
  } catch {
    // Not ours, or nothing may be kept.
  }
  const { theme, language } = kept;
  return {
    theme: theme === "light" || theme === "dark" ? theme : "system",
    language:
      language !== undefined && language in languages
        ? language
        : chosenLanguage(navigator.languages),
  };
}
