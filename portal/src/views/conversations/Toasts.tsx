import { X } from "lucide-react";
import { t } from "../../core/i18n";
import { close, useToasts } from "../../core/toasts";
import { Button, IconButton } from "../../ui/Button";
import styles from "./Toasts.module.css";

/** Short notes, some with a way back. They are said aloud by the announcer, so here they are only drawn. */
export function Toasts() {
  const toasts = useToasts((store) => store.toasts);
  if (toasts.length === 0) return null;
  return (
    <section className={styles.toasts} data-region="" aria-label={t("toast.label")}>
      {toasts.map((one) => (
        <div key={one.id} className={styles.toast} data-bad={one.bad ? "" : undefined} data-testid="toast">
          <span dir="auto">{one.text}</span>
          {one.action ? (
            <Button
              className={styles.action}
              onClick={() => {
                one.action?.run();
                close(one.id);
              }}
            >
              {one.action.label}
            </Button>
          ) : null}
          <IconButton small label={t("action.dismiss")} onClick={() => close(one.id)}>
            <X size={16} aria-hidden="true" />
          </IconButton>
        </div>
      ))}
    </section>
  );
}
