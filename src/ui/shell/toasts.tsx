/** How something went that somebody just asked for. */
import { useApp } from "../data/app.tsx";
import { useStore } from "../data/store.ts";
import { useWordsBound } from "../parts/basics.tsx";
import { Icon } from "../parts/icon.tsx";

export function Toasts() {
  const app = useApp();
  const toasts = useStore(app.toasts);
  const { t } = useWordsBound();
  return (
    <div class="toasts" role="status">
      {toasts.map(({ id, tone, text }) => (
        <div key={id} class={`toast ${tone}`}>
          <Icon name={tone === "good" ? "check" : "error"} />
          <span>{text}</span>
          <button type="button" aria-label={t("dismiss")} onClick={() => app.dismiss(id)}>
            <Icon name="cross" />
          </button>
        </div>
      ))}
    </div>
  );
}
