/** What needs somebody, worst first, with what can be done about it. */
import { useState } from "preact/hooks";
import type { Problem, Status } from "../../api/status.ts";
import { useAct, useApp, useMay } from "../data/app.tsx";
import { useStore } from "../data/store.ts";
import { Button, type Tone, useWordsBound } from "./basics.tsx";
import { Confirm } from "./dialog.tsx";
import { Icon } from "./icon.tsx";
import { severityTone } from "./tones.ts";

const ORDER: readonly Problem["severity"][] = ["error", "warning", "info"];

export function Problems({ problems }: { problems: readonly Problem[] }) {
  const { t } = useWordsBound();
  const sorted = ORDER.flatMap((severity) => problems.filter((one) => one.severity === severity));
  return (
    <section
      class="problems"
      aria-label={t("problems")}
      // Alarms are read at once; an empty region has to be there before.
      role={sorted.some(({ severity }) => severity === "error") ? "alert" : undefined}
    >
      {sorted.length > 0 && (
        <ul>
          {sorted.map((problem) => (
            <ProblemRow key={`${problem.code} ${problem.where}`} problem={problem} />
          ))}
        </ul>
      )}
    </section>
  );
}

const icons = {
  good: "check",
  warning: "warning",
  bad: "error",
  info: "info",
  neutral: "info",
} as const;

function ProblemRow({ problem }: { problem: Problem }) {
  const { words, t, f } = useWordsBound();
  const mayControl = useMay("control");
  const [asks, setAsks] = useState(false);
  const act = useAct();
  const status = useStore(useApp().live.status);
  const tone: Tone = severityTone[problem.severity];
  const { chain, code, text, sinceUnixSeconds } = problem;
  const title = words.maybe(`problem.${code}`);
  return (
    <li class={`problem-row ${tone}`}>
      <Icon name={icons[tone]} />
      <div>
        {title !== undefined && (
          <strong>
            {title}
            <span class="soft"> · {problem.where}</span>
          </strong>
        )}
        <p>
          {title === undefined ? text : withoutSubject(text)}
          {sinceUnixSeconds !== null && (
            <span class="soft"> {t("since", { time: f.dateTime(sinceUnixSeconds) })}</span>
          )}
        </p>
      </div>
      {mayControl && chain !== null && (
        <div class="actions">
          {code === "board-latched" ? (
            <Button onClick={() => setAsks(true)}>{t("clear-trip")}</Button>
          ) : (
            <Button onClick={() => act("restart-chain", { chain }, t("restart-chain.done"))}>
              {t("restart-chain")}
            </Button>
          )}
        </div>
      )}
      {asks && chain !== null && (
        <Confirm
          title={t("clear-trip.title", { chain })}
          text={
            <>
              <blockquote>{text}</blockquote>
              <p>{t("clear-trip.text")}</p>
            </>
          }
          action={t("clear-trip.confirm")}
          danger
          onConfirm={() =>
            act("clear-trip", { chain, ...readReason(status, chain) }, t("clear-trip.done"))
          }
          onClose={() => setAsks(false)}
        />
      )}
    </li>
  );
}

/** “Board 1 rests: it is hot” below “Board rests · board 1” says the same thing twice. */
function withoutSubject(text: string): string {
  const rest = text.replace(/^Board \d+ [^:]*: (?=.)/, "");
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

/** The device refuses where the board is off for another reason by now than the one that was read. */
function readReason(status: Status | null, chain: number): { readonly reason: string } {
  return { reason: status?.boards[chain]?.reason ?? "" };
}
