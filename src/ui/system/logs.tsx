/** The last lines of the log, as they come. */
import { useEffect, useRef, useState } from "preact/hooks";
import { failureText, useApp } from "../data/app.tsx";
import { Button, Card, Notice, Segments, useWordsBound } from "../parts/basics.tsx";
import { Field } from "../parts/field.tsx";

interface LogLine {
  readonly unixSeconds: number;
  readonly level: string;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const LINES = 500;
const PERIOD_MS = 3_000;
const LEVELS: readonly string[] = ["trace", "debug", "info", "warn", "error", "fatal"];
type Least = "all" | "warn" | "error";

export function Logs() {
  const { words, t, f } = useWordsBound();
  const { api } = useApp();
  const [lines, setLines] = useState<readonly LogLine[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [follows, setFollows] = useState(true);
  const [least, setLeast] = useState<Least>("all");
  const [search, setSearch] = useState("");
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!follows) return;
    let isWanted = true;
    const ask = async () => {
      const reply = await api.get<{ lines: readonly LogLine[] }>(`/logs?lines=${LINES}`);
      if (!isWanted) return;
      setProblem(reply.ok ? null : failureText(words, reply));
      if (reply.ok) setLines(reply.value.lines);
    };
    void ask();
    const timer = setInterval(() => void ask(), PERIOD_MS);
    return () => {
      isWanted = false;
      clearInterval(timer);
    };
  }, [api, follows, words]);
  const wanted = search.trim().toLowerCase();
  const shown = (lines ?? []).filter(
    (line) =>
      (least === "all" || LEVELS.indexOf(line.level) >= LEVELS.indexOf(least)) &&
      (wanted === "" || textOf(line).toLowerCase().includes(wanted)),
  );
  // New lines are below.
  useEffect(() => {
    if (follows && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, follows]);
  return (
    <Card
      title={t("logs")}
      aside={
        <Button icon={follows ? "pause" : "play"} kind="quiet" onClick={() => setFollows(!follows)}>
          {t(follows ? "logs.freeze" : "logs.follow")}
        </Button>
      }
    >
      <div class="filters">
        <Segments<Least>
          label={t("events.least")}
          value={least}
          options={[
            ["all", t("all")],
            ["warn", t("events.warnings")],
            ["error", t("events.errors")],
          ]}
          onChange={setLeast}
        />
        <Field label={t("events.search")} value={search} onInput={setSearch} />
      </div>
      {problem !== null && <Notice tone="bad">{problem}</Notice>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard (WCAG 2.1.1). */}
      <section class="log" ref={box} tabIndex={0} aria-label={t("logs.lines")}>
        {shown.map((line, i) => (
          // Lines have no number.
          <p key={`${line.unixSeconds} ${i}`} class={line.level}>
            <time>{f.time(line.unixSeconds)}</time> <b>{line.level}</b> {textOf(line)}
          </p>
        ))}
        {lines !== null && shown.length === 0 && <p>{t("logs.none")}</p>}
      </section>
      <div class="actions">
        <a class="button plain" download="asicd-log.json" href={`/api/v1/logs?lines=${LINES}`}>
          {t("logs.download")}
        </a>
      </div>
    </Card>
  );
}

function textOf({ text, fields }: LogLine): string {
  const more = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [text, ...more].join(" ");
}
