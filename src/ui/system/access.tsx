/** Who may use the device: the password, tokens for programs, and the password of the Antminer persona. */
import { useEffect, useState } from "preact/hooks";
import type { Scope } from "../../api/device.ts";
import { failureText, useApp, useMay } from "../data/app.tsx";
import { Button, Card, Notice, TableBox, useWordsBound } from "../parts/basics.tsx";
import { PasswordField } from "../parts/field.tsx";
import { TokenForm } from "./token-form.tsx";

interface Token {
  readonly id: string;
  readonly name: string;
  readonly scope: Scope;
  readonly expiresUnixSeconds?: number | null;
  readonly lastUsedUnixSeconds?: number | null;
}

export function Access() {
  const { t } = useWordsBound();
  const mayAdmin = useMay("admin");
  if (!mayAdmin) return <Notice tone="info">{t("access.admin-only")}</Notice>;
  return (
    <>
      <Password />
      <Tokens />
      <PersonaPassword />
    </>
  );
}

function Password() {
  const { words, t } = useWordsBound();
  const app = useApp();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    const failure = await app.session.setPassword(next, current);
    setProblem(failure === null ? null : failureText(words, failure));
    if (failure !== null) return;
    setCurrent("");
    setNext("");
    app.toast("good", t("password.changed"));
    await app.session.refresh();
  };
  return (
    <Card title={t("password.change")}>
      <form class="stack narrow" onSubmit={(event) => void submit(event)}>
        {problem !== null && (
          <Notice tone="bad" role="alert">
            {problem}
          </Notice>
        )}
        <PasswordField
          label={t("password.current")}
          value={current}
          onInput={setCurrent}
          autocomplete="current-password"
          required
        />
        <PasswordField
          label={t("password.new")}
          value={next}
          onInput={setNext}
          autocomplete="new-password"
          hint={t("password.hint")}
          required
        />
        <div class="actions">
          <Button kind="primary" type="submit">
            {t("password.change")}
          </Button>
        </div>
      </form>
    </Card>
  );
}

function Tokens() {
  const { words, t, f } = useWordsBound();
  const app = useApp();
  const [tokens, setTokens] = useState<readonly Token[] | null>(null);
  const refresh = async () => {
    const reply = await app.api.get<{ tokens: readonly Token[] }>("/tokens");
    if (reply.ok) setTokens(reply.value.tokens);
    else app.toast("bad", failureText(words, reply));
  };
  useEffect(() => void refresh(), []);
  const remove = async ({ id, name }: Token) => {
    const reply = await app.api.delete(`/tokens/${encodeURIComponent(id)}`);
    if (reply.ok) app.toast("good", t("tokens.removed", { name }));
    else app.toast("bad", failureText(words, reply));
    await refresh();
  };
  return (
    <Card title={t("tokens")}>
      <p class="soft">{t("tokens.text")}</p>
      {tokens !== null && tokens.length > 0 && (
        <TableBox label={t("tokens")}>
          <table>
            <caption class="sr-only">{t("tokens")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("tokens.name")}</th>
                <th scope="col">{t("tokens.scope")}</th>
                <th scope="col">{t("tokens.expires")}</th>
                <th scope="col">
                  <span class="sr-only">{t("remove")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {tokens.map((token) => (
                <tr key={token.id}>
                  <th scope="row">{token.name}</th>
                  <td>{t(`scope.${token.scope}`)}</td>
                  <td>
                    {typeof token.expiresUnixSeconds === "number"
                      ? f.dateTime(token.expiresUnixSeconds)
                      : t("tokens.never")}
                  </td>
                  <td>
                    <Button
                      kind="quiet"
                      label={t("tokens.remove", { name: token.name })}
                      onClick={() => remove(token)}
                    >
                      {t("remove")}
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableBox>
      )}
      {tokens?.length === 0 && <p class="empty">{t("tokens.none")}</p>}
      <TokenForm onMade={() => void refresh()} />
    </Card>
  );
}

function PersonaPassword() {
  const { words, t } = useWordsBound();
  const app = useApp();
  const [password, setPassword] = useState("");
  const set = async (value: string | null) => {
    const reply = await app.api.post("/persona-password", { password: value });
    if (!reply.ok) return app.toast("bad", failureText(words, reply));
    setPassword("");
    app.toast("good", t(value === null ? "persona.off" : "persona.on"));
  };
  return (
    <Card title={t("persona")}>
      <p class="soft">{t("persona.text")}</p>
      <div class="stack narrow">
        <PasswordField
          label={t("persona.password")}
          value={password}
          onInput={setPassword}
          autocomplete="new-password"
        />
        <div class="actions">
          <Button disabled={password === ""} onClick={() => set(password)}>
            {t("persona.set")}
          </Button>
          <Button kind="quiet" onClick={() => set(null)}>
            {t("persona.remove")}
          </Button>
        </div>
      </div>
    </Card>
  );
}
