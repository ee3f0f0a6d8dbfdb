/** Who are you: as a dialog over a page that may be read, or as the whole page. */
import { useState } from "preact/hooks";
import { failureText, useApp } from "../data/app.tsx";
import { Button, Notice, useWordsBound } from "../parts/basics.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { PasswordField } from "../parts/field.tsx";

export function LoginForm({ onDone }: { onDone: () => void }) {
  const { words, t } = useWordsBound();
  const { session } = useApp();
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    const failure = await session.login(password);
    if (failure === null) return onDone();
    setProblem(failure.code === "wrong-password" ? t("login.wrong") : failureText(words, failure));
  };
  return (
    <form class="stack" onSubmit={(event) => void submit(event)}>
      {problem !== null && (
        <Notice tone="bad" role="alert">
          {problem}
        </Notice>
      )}
      {/* For password managers, which want to know whose password it is. */}
      <input
        class="gone"
        type="text"
        autocomplete="username"
        value="admin"
        readOnly
        tabIndex={-1}
      />
      <PasswordField
        label={t("password")}
        value={password}
        onInput={setPassword}
        autocomplete="current-password"
        required
        hint={t("login.forgotten")}
      />
      <div class="actions end">
        <Button kind="primary" type="submit">
          {t("login")}
        </Button>
      </div>
    </form>
  );
}

export function LoginDialog({ onClose }: { onClose: () => void }) {
  const { t } = useWordsBound();
  return (
    <Dialog title={t("login")} onClose={onClose}>
      <LoginForm onDone={onClose} />
      <div class="actions">
        <Button kind="quiet" onClick={onClose}>
          {t("cancel")}
        </Button>
      </div>
    </Dialog>
  );
}

/** Where nothing may be read without a login. */
export function LoginPage() {
  const { t } = useWordsBound();
  return (
    <main class="alone">
      <div class="card">
        <img src="/icon.svg" alt="" width="44" height="44" />
        <h1>{t("login")}</h1>
        <LoginForm onDone={() => {}} />
      </div>
    </main>
  );
}

/** In place of what only somebody known may see. */
export function LoginNeeded() {
  const { t } = useWordsBound();
  return (
    <section class="card narrow">
      <h2>{t("login.needed")}</h2>
      <p>{t("login.needed.more")}</p>
      <LoginForm onDone={() => {}} />
    </section>
  );
}
