import { WifiOff } from "lucide-react";
import { useEffect, useRef } from "react";
import { announce } from "../../core/announcer";
import { clockText, t } from "../../core/i18n";
import { reconnect, useLink } from "../../core/live";
import { Button } from "../../ui/Button";
import styles from "./LinkState.module.css";

/** Says when what the page shows may be out of date; nothing while it is not. */
export function LinkState() {
  const link = useLink((store) => store.link);
  const before = useRef(link.state);
  useEffect(() => {
    if (link.state === "stale") announce(t("link.stale", { time: clockText(new Date(link.since)) }));
    if (link.state === "live" && before.current === "stale") announce(t("link.back"));
    before.current = link.state;
  }, [link]);
  if (link.state !== "stale") return null;
  return (
    <span className={styles.stale} data-testid="stale">
      <WifiOff size={16} aria-hidden="true" />
      <span className={styles.long}>{t("link.stale", { time: clockText(new Date(link.since)) })}</span>
      <span className={styles.short}>{t("link.stale_short")}</span>
      <Button look="quiet" className={styles.again} onClick={reconnect}>
        {t("link.again")}
      </Button>
    </span>
  );
}
