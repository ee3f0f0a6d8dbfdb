/** A labelled input with its hint and what is wrong with it. */
import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { Button, useWordsBound } from "./basics.tsx";

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly hint?: ComponentChildren;
  readonly problem?: string | undefined;
  readonly type?: "text" | "password" | "url" | "number";
  readonly unit?: string | undefined;
  readonly autocomplete?: string;
  readonly required?: boolean;
  readonly minLength?: number;
  readonly disabled?: boolean;
}

export function Field(props: FieldProps) {
  const { label, value, onInput, hint, problem, type = "text", unit } = props;
  const id = useId();
  const described = [
    hint === undefined ? "" : `${id}-hint`,
    problem === undefined ? "" : `${id}-problem`,
  ];
  return (
    <div class={`field ${problem === undefined ? "" : "invalid"}`}>
      <label for={id}>
        {label}
        {unit !== undefined && <span class="unit"> ({unit})</span>}
      </label>
      <input
        id={id}
        // One of several types of the browser's, each with roles of its own.
        type={(type === "number" ? "text" : type) as "text"}
        inputMode={type === "number" ? "decimal" : undefined}
        value={value}
        disabled={props.disabled}
        required={props.required}
        minLength={props.minLength}
        autocomplete={props.autocomplete ?? "off"}
        spellcheck={false}
        aria-invalid={problem !== undefined}
        aria-describedby={described.join(" ").trim() || undefined}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {problem !== undefined && (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}

/** A password that may be looked at while it is typed. */
export function PasswordField(props: Omit<FieldProps, "type">) {
  const { t } = useWordsBound();
  const [shown, setShown] = useState(false);
  return (
    <div class="with-button">
      <Field {...props} type={shown ? "text" : "password"} />
      <Button kind="quiet" pressed={shown} onClick={() => setShown(!shown)}>
        {t("password.show")}
      </Button>
    </div>
  );
}

export function Select<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: T;
  options: readonly (readonly [value: T, text: string])[];
  onChange: (value: T) => void;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value as T)}>
        {options.map(([option, text]) => (
          <option key={option} value={option} selected={option === value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
