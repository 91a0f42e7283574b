import { Component, type ReactNode } from "react";
import { t } from "../core/i18n";
import { lookForNewVersion, useNewVersion } from "../core/version";
import { Button } from "./Button";
import styles from "./Empty.module.css";

/** One broken part must not take the page with it; least of all one that an upgrade has taken away. */
export class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override componentDidCatch() {
    void lookForNewVersion();
  }

  override render() {
    return this.state.failed ? <Failed /> : this.props.children;
  }
}

function Failed() {
  const newer = useNewVersion((store) => store.ready);
  return (
    <div className={styles.empty} role="alert">
      <p className={styles.title}>{newer ? t("app.new_version") : t("app.failed")}</p>
      <p>{t("app.failed_hint")}</p>
      <Button onClick={() => location.reload()}>{t("app.reload")}</Button>
    </div>
  );
}
