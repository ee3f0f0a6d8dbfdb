/** Fields for single values of the configuration. */
import { useEffect, useId, useState } from "preact/hooks";
import { Button, useWordsBound } from "../parts/basics.tsx";
import { Field, PasswordField } from "../parts/field.tsx";
import type { NodeProps } from "./node-form.tsx";
import { faultOf, MASK, type SchemaNode } from "./schema-node.ts";
import { useSettingWords } from "./setting-words.ts";

/** Help, bounds, and what a change costs, in one line under the field. */
function useHint({ path, node }: NodeProps): string | undefined {
  const { helpOf, boundsOf, restartOf } = useSettingWords();
  const parts = [helpOf(path, node), boundsOf(node), restartOf(node)];
  const known = parts.filter((text) => text !== undefined && text !== "");
  return known.length === 0 ? undefined : known.join(" · ");
}

function useProblem({ path, node, value, problems }: NodeProps): string | undefined {
  const { faultText } = useSettingWords();
  const fault = faultOf(node, value);
  return fault === null ? problems[path] : faultText(fault);
}

export function TextField(props: NodeProps) {
  const { titleOf } = useSettingWords();
  const hint = useHint(props);
  const problem = useProblem(props);
  const { path, node, value, onChange } = props;
  return (
    <Field
      label={titleOf(path, node)}
      unit={node.unit}
      value={typeof value === "string" ? value : ""}
      onInput={onChange}
      hint={hint}
      problem={problem}
    />
  );
}

/** Keeps what is typed: "1." is on the way to a number. */
export function NumberField(props: NodeProps) {
  const { titleOf } = useSettingWords();
  const hint = useHint(props);
  const problem = useProblem(props);
  const { path, node, value, onChange } = props;
  const [text, setText] = useState(textOf(value));
  useEffect(() => {
    setText((shown) => (numberIn(shown) === value ? shown : textOf(value)));
  }, [value]);
  return (
    <Field
      type="number"
      label={titleOf(path, node)}
      unit={node.unit}
      value={text}
      onInput={(next) => {
        setText(next);
        onChange(numberIn(next));
      }}
      hint={hint}
      problem={problem}
    />
  );
}

function textOf(value: unknown): string {
  return typeof value === "number" && Number.isFinite(value) ? `${value}` : "";
}

/** Comma or point; NaN is no number. */
export function numberIn(text: string): number {
  const plain = text.trim().replace(",", ".");
  return plain === "" ? Number.NaN : Number(plain);
}

export function SwitchField(props: NodeProps) {
  const { titleOf } = useSettingWords();
  const id = useId();
  const hint = useHint(props);
  const problem = useProblem(props);
  const { path, node, value, onChange } = props;
  return (
    <div class="field switch">
      <input
        id={id}
        type="checkbox"
        role="switch"
        checked={value === true}
        aria-checked={value === true}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <div>
        <label for={id}>{titleOf(path, node)}</label>
        {hint !== undefined && (
          <p class="hint" id={`${id}-hint`}>
            {hint}
          </p>
        )}
        {problem !== undefined && <p class="problem">{problem}</p>}
      </div>
    </div>
  );
}

export function ChoiceField(props: NodeProps) {
  const { titleOf } = useSettingWords();
  const id = useId();
  const hint = useHint(props);
  const problem = useProblem(props);
  const { path, node, value, onChange } = props;
  return (
    <div class="field">
      <label for={id}>{titleOf(path, node)}</label>
      <select
        id={id}
        value={String(value)}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onChange(chosen(node, event.currentTarget.value))}
      >
        {(node.enum ?? []).map((option) => (
          <option key={String(option)} value={String(option)} selected={option === value}>
            {String(option)}
          </option>
        ))}
      </select>
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {problem !== undefined && <p class="problem">{problem}</p>}
    </div>
  );
}

function chosen(node: SchemaNode, text: string): unknown {
  return node.enum?.find((option) => String(option) === text);
}

export function LinesField(props: NodeProps) {
  const { t } = useWordsBound();
  const { titleOf } = useSettingWords();
  const id = useId();
  const hint = useHint(props);
  const { path, node, value, onChange, problems } = props;
  const lines = Array.isArray(value) ? value.map(String) : [];
  const stored = lines.join("\n");
  const [text, setText] = useState(stored);
  useEffect(() => {
    setText((shown) => (linesIn(shown).join("\n") === stored ? shown : stored));
  }, [stored]);
  const problem = Object.entries(problems).find(([at]) => at === path || at.startsWith(`${path}[`));
  return (
    <div class={`field ${problem === undefined ? "" : "invalid"}`}>
      <label for={id}>
        {titleOf(path, node)} <span class="unit">({t("settings.one-per-line")})</span>
      </label>
      <textarea
        id={id}
        rows={Math.max(2, lines.length + 1)}
        spellcheck={false}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          onChange(linesIn(event.currentTarget.value));
        }}
      />
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {problem !== undefined && <p class="problem">{problem[1]}</p>}
    </div>
  );
}

function linesIn(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** What is stored is never shown: it is replaced, or kept. */
export function SecretField(props: NodeProps) {
  const { t } = useWordsBound();
  const { titleOf } = useSettingWords();
  const hint = useHint(props);
  const problem = useProblem(props);
  const { path, node, value, onChange } = props;
  const title = titleOf(path, node);
  if (value === MASK)
    return (
      <div class="field">
        <p class="label">{title}</p>
        <div class="secret">
          <span>{t("settings.secret.kept")}</span>
          <Button
            onClick={() => onChange("")}
            label={t("settings.secret.replace.label", { title })}
          >
            {t("settings.secret.replace")}
          </Button>
        </div>
        {hint !== undefined && <p class="hint">{hint}</p>}
      </div>
    );
  return (
    <PasswordField
      label={title}
      value={typeof value === "string" ? value : ""}
      onInput={onChange}
      hint={hint}
      problem={problem}
      autocomplete="new-password"
    />
  );
}
