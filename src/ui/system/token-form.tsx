/** A token for a program: shown once, then only its name is known. */
import { useState } from "preact/hooks";
import type { Scope } from "../../api/device.ts";
import { failureText, useApp } from "../data/app.tsx";
import { Button, Notice, useWordsBound } from "../parts/basics.tsx";
import { Field, Select } from "../parts/field.tsx";

const LIFETIMES_DAYS = ["30", "90", "365", "never"] as const;
type Lifetime = (typeof LIFETIMES_DAYS)[number];

export function TokenForm({ onMade }: { onMade: () => void }) {
  const { words, t } = useWordsBound();
  const app = useApp();
  const [name, setName] = useState("");
  const [scope, setScope] = useState<Scope>("read");
  const [lifetime, setLifetime] = useState<Lifetime>("365");
  const [token, setToken] = useState<string | null>(null);
  const make = async () => {
    const reply = await app.api.post<{ token: string }>("/tokens", {
      name,
      scope,
      expiresDays: lifetime === "never" ? null : Number(lifetime),
    });
    if (!reply.ok) return app.toast("bad", failureText(words, reply));
    setToken(reply.value.token);
    setName("");
    onMade();
  };
  return (
    <div class="stack">
      <div class="row end-aligned">
        <Field label={t("tokens.name")} value={name} onInput={setName} />
        <Select<Scope>
          label={t("tokens.scope")}
          value={scope}
          options={[
            ["read", t("scope.read")],
            ["control", t("scope.control")],
            ["admin", t("scope.admin")],
          ]}
          onChange={setScope}
        />
        <Select<Lifetime>
          label={t("tokens.expires")}
          value={lifetime}
          options={LIFETIMES_DAYS.map((days) => [
            days,
            days === "never" ? t("tokens.never") : t("tokens.days", { days }),
          ])}
          onChange={setLifetime}
        />
        <Button icon="key" disabled={name.trim() === ""} onClick={make}>
          {t("tokens.make")}
        </Button>
      </div>
      <div role="status">
        {token !== null && (
          <Notice tone="good">
            <p>{t("tokens.once")}</p>
            <code class="break token">{token}</code>
          </Notice>
        )}
      </div>
    </div>
  );
}
