import { Component, type ReactNode } from "react";
import { t } from "../core/i18n";
import { Button } from "./Button";
import styles from "./Empty.module.css";

/** One broken part must not take the page with it. */
export class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <div className={styles.empty} role="alert">
        <p className={styles.title}>{t("app.failed")}</p>
        <p>{t("app.failed_hint")}</p>
        <Button onClick={() => location.reload()}>{t("app.reload")}</Button>
      </div>
    );
  }
}
