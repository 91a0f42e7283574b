/** Counts at the links of pages, small enough to come with the shell. */
import { t } from "../../../core/i18n";
import { useMissed, waitingMessages } from "../../../core/missed";
import styles from "./Badges.module.css";

function Badge({ count, label }: { count: number; label: string }) {
  if (count === 0) return null;
  return (
    <span className={styles.badge}>
      <span aria-hidden="true">{count > 99 ? "99+" : count}</span>
      <span className="listened">{label}</span>
    </span>
  );
}

export function MessagesBadge() {
  const missed = useMissed().data;
  const count = missed ? waitingMessages(missed) : 0;
  return <Badge count={count} label={t("missed.badge_messages", { count })} />;
}

export function CallsBadge() {
  const count = useMissed().data?.missed_calls.count ?? 0;
  return <Badge count={count} label={t("missed.badge_calls", { count })} />;
}
