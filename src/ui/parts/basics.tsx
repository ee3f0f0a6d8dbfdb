/** Small pieces that every page is made of. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { useWords } from "../data/app.tsx";
import { Icon, type IconName } from "./icon.tsx";

export type Tone = "good" | "warning" | "bad" | "info" | "neutral";

const toneIcons: Readonly<Record<Tone, IconName>> = {
  good: "check",
  warning: "warning",
  bad: "error",
  info: "info",
  neutral: "unknown",
};

/** A state in a word; its tone is told by a sign too. */
export function Pill({
  tone,
  icon,
  children,
}: {
  tone: Tone;
  icon?: IconName;
  children: ComponentChildren;
}) {
  return (
    <span class={`pill ${tone}`}>
      <Icon name={icon ?? toneIcons[tone]} />
      {children}
    </span>
  );
}

interface ButtonProps {
  readonly children: ComponentChildren;
  /** While what it returns is not settled, the button is busy. */
  readonly onClick?: () => unknown;
  readonly kind?: "primary" | "plain" | "danger" | "quiet";
  readonly icon?: IconName;
  readonly disabled?: boolean;
  readonly type?: "button" | "submit";
  /** Where the words on it do not say enough for themselves. */
  readonly label?: string;
  readonly pressed?: boolean;
}

export function Button(props: ButtonProps) {
  const { children, onClick, kind = "plain", icon, disabled = false, type = "button" } = props;
  const [busy, setBusy] = useState(false);
  const isThere = useRef(true);
  useEffect(
    () => () => {
      isThere.current = false;
    },
    [],
  );
  const click = async () => {
    setBusy(true);
    try {
      await onClick?.();
    } finally {
      if (isThere.current) setBusy(false);
    }
  };
  return (
    <button
      type={type}
      class={`button ${kind}`}
      disabled={disabled}
      aria-disabled={busy || undefined}
      aria-busy={busy}
      aria-label={props.label}
      aria-pressed={props.pressed}
      onClick={onClick === undefined || busy ? undefined : () => void click()}
    >
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </button>
  );
}

export function Card({
  title,
  aside,
  children,
  class: more = "",
  level = 2,
}: {
  title: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
  class?: string;
  level?: 2 | 3;
}) {
  const id = useId();
  const Heading: "h2" | "h3" = level === 2 ? "h2" : "h3";
  return (
    <section class={`card ${more}`} aria-labelledby={id}>
      <header class="card-head">
        <Heading id={id}>{title}</Heading>
        {aside !== undefined && <div class="card-aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}

/** What is not known, and since when. */
export function Unknown({ sinceUnixSeconds }: { sinceUnixSeconds?: number | null }) {
  const { t, f } = useWordsBound();
  const age =
    sinceUnixSeconds === undefined || sinceUnixSeconds === null
      ? ""
      : ` ${t("unknown.since", { time: f.time(sinceUnixSeconds) })}`;
  return (
    <span class="unknown">
      {t("unknown")}
      {age}
    </span>
  );
}

/** `words.t` as a function of its own. */
export function useWordsBound() {
  const words = useWords();
  // The same as long as the language is: charts are drawn anew where it is not.
  return useMemo(() => ({ words, f: words.f, t: words.t.bind(words) }), [words]);
}

/** Name and value, many of them. */
export function Facts({ children }: { children: ComponentChildren }) {
  return <dl class="facts">{children}</dl>;
}

export function Fact({
  name,
  children,
  wide = false,
}: {
  name: string;
  children: ComponentChildren;
  wide?: boolean;
}) {
  return (
    <div class={wide ? "wide" : ""}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** A table that scrolls by itself where it is too wide, also by keyboard. */
export function TableBox({ label, children }: { label: string; children: ComponentChildren }) {
  const { t } = useWordsBound();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard (WCAG 2.1.1).
    <section class="table-box" aria-label={t("table.of", { what: label })} tabIndex={0}>
      {children}
    </section>
  );
}

/** One of a few. */
export function Segments<T extends string>({
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
  const name = useId();
  return (
    <fieldset class="segments">
      <legend class="sr-only">{label}</legend>
      {options.map(([option, text]) => (
        <label key={option}>
          <input
            type="radio"
            name={name}
            checked={option === value}
            onChange={() => onChange(option)}
          />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** A part of a whole as a bar; the words beside it say the same. */
export function Bar({ part, tone = "good" }: { part: number; tone?: Tone }) {
  return (
    <span class="bar" aria-hidden="true">
      <span class={tone} style={{ width: `${Math.min(100, Math.max(0, part * 100))}%` }} />
    </span>
  );
}

export function Notice({
  tone,
  children,
  role,
}: {
  tone: Tone;
  children: ComponentChildren;
  role?: "alert" | "status";
}) {
  return (
    <div class={`notice ${tone}`} role={role}>
      <Icon name={toneIcons[tone]} />
      <div>{children}</div>
    </div>
  );
}
