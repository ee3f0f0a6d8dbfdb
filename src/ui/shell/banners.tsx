/** What has to be seen on every page: a simulation, numbers that are not fresh, a change that waits for its confirmation. */
import { useEffect, useState } from "preact/hooks";
import type { Status } from "../../api/status.ts";
import { failureText, useApp } from "../data/app.tsx";
import { useStore } from "../data/store.ts";
import { Button, Notice, useWordsBound } from "../parts/basics.tsx";
import { Icon } from "../parts/icon.tsx";

/** The guard tells each second; what is older than this is not the present. */
const STALE_AFTER_S = 10;

export function Banners({ status }: { status: Status | null }) {
  const { t, f } = useWordsBound();
  const { live } = useApp();
  const connection = useStore(live.connection);
  const isNewer =
    status !== null && connection.is === "live" && status.device.version !== ASICD_UI_VERSION;
  return (
    <div class="banners">
      <div role="alert">
        {connection.is === "lost" && (
          <Notice tone="bad">
            <strong>
              {t("connection.lost", { time: f.dateTime(connection.sinceUnixSeconds) })}
            </strong>{" "}
            {t("connection.lost.more")}
          </Notice>
        )}
        {connection.is === "live" && status !== null && isStale(status) && (
          <Notice tone="bad">
            <strong>
              {status.measuredAgoS === null
                ? t("stale.never")
                : t("stale", { age: f.duration(status.measuredAgoS) })}
            </strong>
          </Notice>
        )}
      </div>
      {status?.device.simulated === true && (
        <p class="simulated">
          <Icon name="info" />
          <span>
            <strong>{t("simulated")}</strong>{" "}
            {status.device.scale > 1 &&
              t("simulated.scale", { scale: f.number(status.device.scale) })}
          </span>
        </p>
      )}
      {isNewer && (
        <Notice tone="info">
          {t("new-version", { version: status.device.version })}{" "}
          <Button kind="quiet" onClick={() => location.reload()}>
            {t("reload")}
          </Button>
        </Notice>
      )}
      <PendingChange />
    </div>
  );
}

/** Where nothing is driven there is nothing to measure. */
export function isStale({ measuredAgoS, unnamed }: Status): boolean {
  // A version before this one, to which this page may still be open, tells nothing of it.
  if (unnamed != null) return false;
  return measuredAgoS === null || measuredAgoS > STALE_AFTER_S;
}

/** Confirm, or it goes back: a change that could have cut the operator off. */
function PendingChange() {
  const { words, t } = useWordsBound();
  const app = useApp();
  const confirmBy = useStore(app.confirmBy);
  const [now, setNow] = useState(Date.now() / 1_000);
  useEffect(() => {
    if (confirmBy === null) return;
    const timer = setInterval(() => {
      setNow(Date.now() / 1_000);
      if (Date.now() / 1_000 > confirmBy) app.confirmBy.set(null);
    }, 500);
    return () => clearInterval(timer);
  }, [confirmBy, app]);
  if (confirmBy === null) return null;
  const answer = async (how: "confirm" | "revert") => {
    const reply = await app.api.post(`/config/${how}`);
    if (!reply.ok) return app.toast("bad", failureText(words, reply));
    app.confirmBy.set(null);
    app.toast("good", t(how === "confirm" ? "pending.confirmed" : "pending.reverted"));
  };
  return (
    <section class="pending" aria-label={t("pending.title")}>
      <div>
        <strong>{t("pending.title")}</strong>
        <p>{t("pending.text")}</p>
      </div>
      <div class="countdown" role="timer">
        {t("pending.seconds", { seconds: Math.max(0, Math.ceil(confirmBy - now)) })}
      </div>
      <div class="actions">
        <Button kind="primary" icon="check" onClick={() => answer("confirm")}>
          {t("pending.confirm")}
        </Button>
        <Button onClick={() => answer("revert")}>{t("pending.revert")}</Button>
      </div>
    </section>
  );
}
