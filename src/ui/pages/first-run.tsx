/** The first minutes with a machine: nobody else may change it, it works for somebody, and it has a name. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Failure } from "../data/api.ts";
import { failureText, useApp } from "../data/app.tsx";
import { applyChanges, type ConfigFacts } from "../data/config.ts";
import { Button, Notice, useWordsBound } from "../parts/basics.tsx";
import { Field, PasswordField } from "../parts/field.tsx";
import { problemsOf } from "../pools/pool-editor.tsx";
import { emptyPool, PoolFields, settingsOf } from "../pools/pool-form.tsx";
import { poolPlaces } from "../pools/pool-list.ts";
import { PoolTest } from "../pools/pool-test.tsx";
import { AppearanceFields } from "../shell/shell.tsx";

const steps = ["password", "pool", "name"] as const;
const MIN_LENGTH = 8;

export function FirstRun({ onDone }: { onDone: () => void }) {
  const { t } = useWordsBound();
  const [at, setAt] = useState(0);
  const step = steps[at] ?? "password";
  const heading = useRef<HTMLHeadingElement>(null);
  // Each step is read from its beginning.
  useEffect(() => heading.current?.focus(), [at]);
  const next = () => (at + 1 < steps.length ? setAt(at + 1) : onDone());
  return (
    <main class="alone">
      <div class="card wizard">
        <img src="/icon.svg" alt="" width="44" height="44" />
        <p class="soft">{t("first.step", { step: at + 1, steps: steps.length })}</p>
        <h1 ref={heading} tabIndex={-1}>
          {t(`first.${step}`)}
        </h1>
        <p class="prose">{t(`first.${step}.text`)}</p>
        {step === "password" && <PasswordStep onDone={next} />}
        {step === "pool" && <PoolStep onDone={next} />}
        {step === "name" && <NameStep onDone={next} />}
      </div>
      {step === "password" && <AppearanceFields />}
    </main>
  );
}

function PasswordStep({ onDone }: { onDone: () => void }) {
  const { words, t } = useWordsBound();
  const { session } = useApp();
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (password.length < MIN_LENGTH)
      return setProblem(t("fault.too-short", { limit: MIN_LENGTH }));
    const failure = (await session.setPassword(password)) ?? (await session.login(password));
    if (failure === null) onDone();
    else setProblem(failureText(words, failure));
  };
  return (
    <form class="stack" onSubmit={(event) => void submit(event)} noValidate>
      <input
        class="gone"
        type="text"
        autocomplete="username"
        value="admin"
        readOnly
        tabIndex={-1}
      />
      <PasswordField
        label={t("password.new")}
        value={password}
        onInput={setPassword}
        autocomplete="new-password"
        hint={t("password.hint")}
        problem={problem}
      />
      <div class="actions end">
        <Button kind="primary" type="submit">
          {t("next")}
        </Button>
      </div>
    </form>
  );
}

function PoolStep({ onDone }: { onDone: () => void }) {
  const { words, t } = useWordsBound();
  const app = useApp();
  const [draft, setDraft] = useState(emptyPool);
  const [config, setConfig] = useState<ConfigFacts | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  useEffect(() => {
    void app.api.get<ConfigFacts>("/config").then((reply) => {
      if (reply.ok) setConfig(reply.value);
    });
  }, [app]);
  const places = poolPlaces(config?.sparse);
  const submit = async (event: Event) => {
    event.preventDefault();
    const path = places[0]?.listPath ?? (places.length === 1 ? "pool" : "pools");
    const pool = settingsOf(draft);
    const value = path === "pool" ? pool : [pool];
    const reply = await applyChanges(app, [{ path, value }]);
    if (reply.ok) onDone();
    else setFailure(reply);
  };
  return (
    <form class="stack" onSubmit={(event) => void submit(event)}>
      {places.length > 0 && (
        <Notice tone="info">
          {t("first.pool.there", {
            pools: places
              .map(({ list, at }) => `${list[at]?.["name"] ?? list[at]?.["url"]}`)
              .join(", "),
          })}
        </Notice>
      )}
      {failure !== null && (
        <Notice tone="bad" role="alert">
          {failureText(words, failure)}
        </Notice>
      )}
      <PoolFields draft={draft} onChange={setDraft} problems={problemsOf(failure)} />
      <PoolTest pool={draft} />
      <div class="actions end">
        <Button kind="quiet" onClick={onDone}>
          {t(places.length > 0 ? "first.pool.keep" : "skip-step")}
        </Button>
        <Button kind="primary" type="submit" disabled={draft.url.trim() === ""}>
          {t("save-next")}
        </Button>
      </div>
    </form>
  );
}

function NameStep({ onDone }: { onDone: () => void }) {
  const { words, t } = useWordsBound();
  const app = useApp();
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<string | undefined>(undefined);
  useEffect(() => {
    void app.api.get<ConfigFacts>("/config").then((reply) => {
      const known = reply.ok ? reply.value.config["name"] : undefined;
      if (typeof known === "string") setName((typed) => (typed === "" ? known : typed));
    });
  }, [app]);
  const submit = async (event: Event) => {
    event.preventDefault();
    const reply = await applyChanges(app, [{ path: "name", value: name.trim() }]);
    if (reply.ok) onDone();
    else setProblem(failureText(words, reply));
  };
  return (
    <form class="stack" onSubmit={(event) => void submit(event)}>
      <Field
        label={t("first.name.label")}
        value={name}
        onInput={setName}
        hint={t("first.name.hint")}
        problem={problem}
      />
      <div class="actions end">
        <Button kind="quiet" onClick={onDone}>
          {t("skip-step")}
        </Button>
        <Button kind="primary" type="submit" disabled={name.trim() === ""}>
          {t("first.done")}
        </Button>
      </div>
    </form>
  );
}
