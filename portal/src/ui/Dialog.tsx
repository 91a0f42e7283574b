/** Windows over the page: a form, or a question before something that cannot be undone. */
import { AlertDialog } from "@base-ui/react/alert-dialog";
import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { t } from "../core/i18n";
import { explain } from "../core/problems";
import { Button, iconButtonClass } from "./Button";
import styles from "./Dialog.module.css";
import { Alert } from "./Fields";

export function Dialog({
  title,
  close,
  wide = false,
  children,
}: {
  title: string;
  close: () => void;
  wide?: boolean;
  children: ReactNode;
}) {
  return (
    <Base.Root open onOpenChange={(open) => open || close()}>
      <Base.Portal>
        <Base.Backdrop className={styles.backdrop ?? ""} />
        <Base.Popup className={`${styles.popup} ${wide ? styles.wide : ""}`}>
          <header className={styles.head}>
            <Base.Title className={styles.title ?? ""}>{title}</Base.Title>
            <Base.Close className={iconButtonClass(true)} aria-label={t("action.close")}>
              <X size={18} aria-hidden="true" />
            </Base.Close>
          </header>
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

/**
 * A form in a dialog. `save` may refuse by throwing: its reason is shown, and everything that was typed stays.
 */
export function FormDialog({
  title,
  submit,
  close,
  save,
  danger = false,
  ready = true,
  children,
}: {
  title: string;
  submit: string;
  close: () => void;
  save: () => Promise<void>;
  /** Whether there is no way back. */
  danger?: boolean;
  /** Whether everything is there that it takes. */
  ready?: boolean;
  children: ReactNode;
}) {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  async function send(event: FormEvent) {
    event.preventDefault();
    if (busy || !ready) return;
    setBusy(true);
    setFailed(undefined);
    try {
      await save();
      close();
    } catch (error) {
      setFailed(error);
    } finally {
      setBusy(false);
    }
  }
  return (
    <Dialog title={title} close={close}>
      <form className={styles.form} onSubmit={(event) => void send(event)}>
        <div className={styles.body}>{children}</div>
        {failed === undefined ? null : <Alert>{explain(failed)}</Alert>}
        <footer className={styles.foot}>
          <Button onClick={close}>{t("action.cancel")}</Button>
          <Button type="submit" look={danger ? "danger" : "primary"} disabled={!ready} aria-disabled={busy}>
            {submit}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

/** Asks before something that is hard to take back. */
export function Confirm({
  title,
  children,
  action,
  close,
  run,
}: {
  title: string;
  children: ReactNode;
  action: string;
  close: () => void;
  /** May give what is to follow once the question is gone. */
  run: () => Promise<unknown>;
}) {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  async function go() {
    if (busy) return;
    setBusy(true);
    try {
      const then = await run();
      close();
      if (typeof then === "function") then();
    } catch (error) {
      setFailed(error);
      setBusy(false);
    }
  }
  return (
    <AlertDialog.Root open onOpenChange={(open) => open || close()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={styles.backdrop ?? ""} />
        <AlertDialog.Popup className={styles.popup ?? ""}>
          <header className={styles.head}>
            <AlertDialog.Title className={styles.title ?? ""}>{title}</AlertDialog.Title>
          </header>
          <AlertDialog.Description className={styles.body ?? ""} render={<div />}>
            {children}
          </AlertDialog.Description>
          {failed === undefined ? null : <Alert>{explain(failed)}</Alert>}
          <footer className={styles.foot}>
            <AlertDialog.Close render={<Button />}>{t("action.cancel")}</AlertDialog.Close>
            <Button look="danger" aria-disabled={busy} onClick={() => void go()}>
              {action}
            </Button>
          </footer>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

/** A secret that is shown this once, to be copied. */
export function SecretDialog({
  title,
  hint,
  secret,
  close,
}: {
  title: string;
  hint: string;
  secret: string;
  close: () => void;
}) {
  const [copied, setCopied] = useState(false);
  return (
    <Dialog title={title} close={close}>
      <p>{hint}</p>
      <output className={styles.secret}>{secret}</output>
      <footer className={styles.foot}>
        <Button
          onClick={() => {
            void navigator.clipboard.writeText(secret).then(
              () => setCopied(true),
              () => setCopied(false),
            );
          }}
        >
          {t(copied ? "page.copied" : "page.copy")}
        </Button>
        <Button look="primary" onClick={close}>
          {t("page.done")}
        </Button>
      </footer>
    </Dialog>
  );
}
