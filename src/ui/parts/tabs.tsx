/** Links to the parts of a page; the one that is shown is brought into view where they do not all fit. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

export interface Tab {
  readonly href: string;
  readonly text: string;
  readonly isShown: boolean;
}

export function Tabs({
  label,
  tabs,
  look = "tabs",
  children,
}: {
  label: string;
  tabs: readonly Tab[];
  /** Beside the content on a wide screen, or above it. */
  look?: "tabs" | "side";
  children?: ComponentChildren;
}) {
  const nav = useRef<HTMLElement>(null);
  const shown = tabs.find(({ isShown }) => isShown)?.href;
  useEffect(() => {
    const current = nav.current?.querySelector<HTMLElement>("[aria-current]");
    if (nav.current === null || !current) return;
    nav.current.scrollLeft =
      current.offsetLeft - (nav.current.clientWidth - current.offsetWidth) / 2;
  }, [shown]);
  return (
    <nav class={look} aria-label={label} ref={nav}>
      {tabs.map(({ href, text, isShown }) => (
        <a key={href} href={href} aria-current={isShown ? "page" : undefined}>
          {text}
        </a>
      ))}
      {children}
    </nav>
  );
}
