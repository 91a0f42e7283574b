import type { ReactNode } from "react";
import styles from "./Parts.module.css";

/** A page's heading, with what can be done on it at its other end. */
export function PageHead({
  title,
  hint,
  children,
}: {
  title: ReactNode;
  hint?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <header className={styles.head}>
      <div className={styles.headText}>
        <h1>{title}</h1>
        {hint ? <p className={styles.hint}>{hint}</p> : null}
      </div>
      {children ? <div className={styles.headActions}>{children}</div> : null}
    </header>
  );
}

/** Part of a page, with a heading of its own. */
export function Card({
  title,
  hint,
  actions,
  children,
}: {
  title?: ReactNode;
  hint?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className={styles.card}>
      {title ? (
        <header className={styles.cardHead}>
          <div className={styles.headText}>
            <h2>{title}</h2>
            {hint ? <p className={styles.hint}>{hint}</p> : null}
          </div>
          {actions ? <div className={styles.headActions}>{actions}</div> : null}
        </header>
      ) : null}
      {children}
    </section>
  );
}
