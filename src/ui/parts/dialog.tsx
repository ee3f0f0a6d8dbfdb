/** A question that everything else waits for: the browser's own dialog, which keeps the focus and gives it back. */
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Button, useWordsBound } from "./basics.tsx";

export function Dialog({
  title,
  onClose,
  children,
  wide = false,
}: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const opener = document.activeElement;
    const element = dialog.current;
    element?.showModal();
    return () => {
      // As long as it is open, nothing outside of it takes the focus.
      element?.close();
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={wide ? "wide" : ""}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

/** For what is not undone by a second click. */
export function Confirm({
  title,
  text,
  action,
  danger = false,
  onConfirm,
  onClose,
}: {
  title: string;
  text: ComponentChildren;
  action: string;
  danger?: boolean;
  onConfirm: () => unknown;
  onClose: () => void;
}) {
  const { t } = useWordsBound();
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="prose">{text}</div>
      <div class="actions end">
        <Button onClick={onClose}>{t("cancel")}</Button>
        <Button
          kind={danger ? "danger" : "primary"}
          onClick={async () => {
            await onConfirm();
            onClose();
          }}
        >
          {action}
        </Button>
      </div>
    </Dialog>
  );
}
