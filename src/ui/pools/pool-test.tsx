/** A live try of a pool: each step, how long it took, and where it ended. */
import { useState } from "preact/hooks";
import { failureText, useApp } from "../data/app.tsx";
import { Button, Notice, useWordsBound } from "../parts/basics.tsx";
import { Icon } from "../parts/icon.tsx";

interface Step {
  readonly step: string;
  readonly ok: boolean;
  readonly text: string;
  readonly ms: number;
}

interface Trial {
  readonly ok: boolean;
  readonly steps: readonly Step[];
}

export function PoolTest({
  pool,
  onResult,
}: {
  pool: { readonly url: string; readonly user: string; readonly password: string };
  onResult?: (ok: boolean) => void;
}) {
  const { words, t, f } = useWordsBound();
  const { api } = useApp();
  const [trial, setTrial] = useState<Trial | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const run = async () => {
    setTrial(null);
    setProblem(null);
    const { url, user, password } = pool;
    const reply = await api.post<Trial>("/pools/test", {
      url: url.trim(),
      ...(user === "" ? {} : { user }),
      ...(password === "" ? {} : { password }),
    });
    if (reply.ok) setTrial(reply.value);
    else setProblem(reply.problems[0]?.problem ?? failureText(words, reply));
    onResult?.(reply.ok && reply.value.ok);
  };
  return (
    <div class="pool-test">
      <Button icon="link" onClick={run} disabled={pool.url.trim() === ""}>
        {t("pool.test")}
      </Button>
      <div role="status">
        {problem !== null && <Notice tone="bad">{problem}</Notice>}
        {trial !== null && (
          <>
            <ol class="steps">
              {trial.steps.map(({ step, ok, text, ms }) => (
                <li key={step} class={ok ? "good" : "bad"}>
                  <Icon name={ok ? "check" : "cross"} />
                  <span>
                    <strong>{words.code("test.step", step)}</strong>{" "}
                    <span class="sr-only">{t(ok ? "test.step.ok" : "test.step.failed")}</span>{" "}
                    <span class="soft">{f.withUnit(ms, "ms")}</span>
                    <br />
                    {text}
                  </span>
                </li>
              ))}
            </ol>
            <Notice tone={trial.ok ? "good" : "bad"}>
              {t(trial.ok ? "pool.test.good" : "pool.test.bad")}
            </Notice>
          </>
        )}
      </div>
    </div>
  );
}
