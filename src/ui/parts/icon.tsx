/** Drawings of one stroke, 24 by 24, beside words that say the same. */
const paths = {
  overview: "M4 13a8 8 0 1 1 16 0M12 13l4-4M4 18h16",
  boards: "M7 7h10v10H7zM10 7V3M14 7V3M10 21v-4M14 21v-4M7 10H3M7 14H3M21 10h-4M21 14h-4",
  pools: "M12 3l8 4-8 4-8-4zM4 12l8 4 8-4M4 17l8 4 8-4",
  cooling:
    "M12 12m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M12 10c-3-6 3-8 4-5s-1 4-3 6M14 12c6-3 8 3 5 4s-4-1-6-3M12 14c3 6-3 8-4 5s1-4 3-6M10 12c-6 3-8-3-5-4s4 1 6 3",
  events: "M5 5h14M5 10h14M5 15h9M5 20h6",
  settings: "M4 7h9M17 7h3M15 5v4M4 12h3M11 12h9M9 10v4M4 17h11M19 17h1M17 15v4",
  system: "M4 5h16v11H4zM9 20h6M12 16v4",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  pause: "M9 6v12M15 6v12",
  play: "M8 5l11 7-11 7z",
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M6 6l12 12M18 6L6 18",
  warning: "M12 4l9 16H3zM12 10v4M12 17h.01",
  error: "M8 3h8l5 5v8l-5 5H8l-5-5V8zM12 8v5M12 16h.01",
  info: "M12 12m-9 0a9 9 0 1 0 18 0a9 9 0 1 0-18 0M12 11v5M12 8h.01",
  unknown:
    "M12 12m-9 0a9 9 0 1 0 18 0a9 9 0 1 0-18 0M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.6.3-1 .8-1 1.4M12 16h.01",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  unlock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 6.7-1.4",
  lamp: "M9 18h6M10 21h4M8 14a6 6 0 1 1 8 0c-.7.7-1 1.300-1 2H9c0-.7-.3-1.300-1-2",
  plus: "M12 5v14M5 12h14",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  upload: "M12 16V5M7 9l5-5 5 5M5 20h14",
  restart: "M5 12a7 7 0 1 0 2-5L5 9M5 4v5h5",
  bolt: "M13 3L5 14h6l-1 7 8-11h-6z",
  theme: "M12 12m-9 0a9 9 0 1 0 18 0a9 9 0 1 0-18 0M12 3v18M12 7.500h7M12 12h9M12 16.500h7",
  key: "M8 15m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0M11 12l8-8M16 7l3 3",
  link: "M10 14l4-4M8 12l-3 3a3.500 3.500 0 0 0 5 5l3-3M16 12l3-3a3.500 3.500 0 0 0-5-5l-3 3",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, class: more = "" }: { name: IconName; class?: string }) {
  return (
    <svg class={`icon ${more}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
