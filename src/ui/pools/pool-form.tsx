/** What a pool needs: address, who the shares are for, and a name; the rest is in the settings. */

import { useWordsBound } from "../parts/basics.tsx";
import { Field, PasswordField } from "../parts/field.tsx";
import { MASK } from "../settings/schema-node.ts";
import type { PoolSettings } from "./pool-list.ts";

export interface PoolDraft {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly name: string;
}

export const emptyPool: PoolDraft = { url: "", user: "", password: "", name: "" };

export function PoolFields({
  draft,
  onChange,
  problems,
}: {
  draft: PoolDraft;
  onChange: (draft: PoolDraft) => void;
  problems: Readonly<Record<string, string>>;
}) {
  const { t } = useWordsBound();
  const isV1 = /^stratum\+(tcp|ssl):/.test(draft.url.trim());
  return (
    <>
      <Field
        label={t("pool.url")}
        value={draft.url}
        onInput={(url) => onChange({ ...draft, url })}
        hint={t("pool.url.hint")}
        problem={problems["url"]}
        required
      />
      <Field
        label={t("pool.user")}
        value={draft.user}
        onInput={(user) => onChange({ ...draft, user })}
        hint={t("pool.user.hint")}
        problem={problems["user"]}
      />
      {isV1 && (
        <PasswordField
          label={t("pool.password")}
          value={draft.password}
          onInput={(password) => onChange({ ...draft, password })}
          hint={t("pool.password.hint")}
          problem={problems["password"]}
        />
      )}
      <Field
        label={t("pool.name")}
        value={draft.name}
        onInput={(name) => onChange({ ...draft, name })}
        hint={t("pool.name.hint")}
        problem={problems["name"]}
      />
    </>
  );
}

export function draftOf(pool: PoolSettings): PoolDraft {
  const text = (key: string) => (typeof pool[key] === "string" ? pool[key] : "");
  return {
    url: text("url"),
    user: text("user"),
    // Empty stays what is stored.
    password: text("password") === MASK ? "" : text("password"),
    name: text("name"),
  };
}

/** The settings of a pool as before, with what was filled in. */
export function settingsOf(draft: PoolDraft, before: PoolSettings = {}): PoolSettings {
  const { name: _name, password: _password, ...others } = before;
  const kept = before["password"];
  const password =
    draft.password === ""
      ? kept === undefined
        ? {}
        : { password: kept }
      : { password: draft.password };
  return {
    ...others,
    url: draft.url.trim(),
    user: draft.user.trim(),
    ...password,
    ...(draft.name.trim() === "" ? {} : { name: draft.name.trim() }),
  };
}
