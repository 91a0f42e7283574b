import { clockText, t } from "../../core/i18n";
import { useLink } from "../../core/live";
import { discard, retry } from "../../core/outbox";
import type { OutboxEntry } from "../../core/outbox-rules";
import { codeText } from "../../core/problems";
import styles from "./Message.module.css";
import { RichText } from "./RichText";

/** A message that the engine does not have yet, or refused. */
export function PendingRow({ entry }: { entry: OutboxEntry }) {
  const live = useLink((store) => store.link.state === "live");
  const stuck = entry.state === "failed" || entry.state === "asking";
  const said =
    entry.state === "failed"
      ? t("status.failed", { reason: codeText(entry.problem?.code ?? "internal", entry.problem?.text ?? "") })
      : entry.state === "asking"
        ? t("status.asking", { when: clockText(new Date(entry.written_at)) })
        : entry.state === "sending"
          ? t("status.sending")
          : t(live ? "status.waiting" : "status.waiting_offline");
  return (
    <article
      className={styles.row}
      data-mine=""
      data-begins=""
      data-row=""
      data-pending=""
      data-failed={entry.state === "failed" ? "" : undefined}
      data-testid="pending"
      tabIndex={-1}
      aria-label={t("timeline.said", { name: t("timeline.you"), text: entry.text })}
    >
      <div className={styles.line}>
        <div className={styles.bubble}>
          <RichText text={entry.text} />
        </div>
      </div>
      <div className={styles.foot} data-trouble={stuck ? "" : undefined}>
        <span data-testid="status">{said}</span>
        {stuck ? (
          <span className={styles.actions}>
            <button type="button" onClick={() => retry(entry.client_id)}>
              {t(entry.state === "asking" ? "status.send_now" : "status.retry")}
            </button>
            <button type="button" onClick={() => discard(entry.client_id)}>
              {t("status.discard")}
            </button>
          </span>
        ) : null}
      </div>
    </article>
  );
}
