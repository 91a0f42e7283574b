import type { ReactNode } from "react";
import styles from "./Empty.module.css";

/** What stands where there is nothing, or nothing yet. */
export function Empty({ icon, title, children }: { icon?: ReactNode; title: string; children?: ReactNode }) {
  return (
    <div className={styles.empty}>
      {icon ? <div className={styles.icon}>{icon}</div> : null}
      <p className={styles.title}>{title}</p>
      {children}
    </div>
  );
}

/** Says that something is being read, to eyes and ears. */
export function Loading({ label }: { label: string }) {
  return (
    <div className={styles.empty} data-testid="loading">
      <span className={styles.spinner} aria-hidden="true" />
      <span>{label}</span>
    </div>
  );
}
