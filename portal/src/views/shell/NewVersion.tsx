import { RotateCw } from "lucide-react";
import { useEffect } from "react";
import { announce } from "../../core/announcer";
import { t } from "../../core/i18n";
import { useLink } from "../../core/live";
import { lookForNewVersion, useNewVersion } from "../../core/version";
import { Button } from "../../ui/Button";
import styles from "./NewVersion.module.css";

/** Says that the server has newer pages, and loads them when somebody wants it; drafts and outbox come along. */
export function NewVersion() {
  const ready = useNewVersion((store) => store.ready);
  const link = useLink((store) => store.link.state);
  useEffect(() => {
    if (link === "live") void lookForNewVersion();
  }, [link]);
  useEffect(() => {
    if (ready) announce(t("app.new_version"));
  }, [ready]);
  // Without a connection there is nothing to load, and that is said in this place.
  if (!ready || link === "stale") return null;
  return (
    <span className={styles.ready} data-testid="new-version">
      <span className={styles.words}>{t("app.new_version")}</span>
      <Button look="quiet" className={styles.load} onClick={() => location.reload()}>
        <RotateCw size={15} aria-hidden="true" />
        {t("app.new_version_load")}
      </Button>
    </span>
  );
}
