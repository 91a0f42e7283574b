/**
 * A table of as many rows as there are: only those in sight are drawn, and the page itself scrolls.
 *
 * Where there is room it has columns; where there is not, each row is a card. To listeners it is a table
 * either way. The first column names the row.
 */
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Virtualizer } from "virtua";
import styles from "./DataTable.module.css";

export type Column<R> = {
  id: string;
  title: string;
  cell: (row: R) => ReactNode;
  /** As CSS grid writes it. */
  width?: string;
  /** Numbers stand at the end. */
  end?: boolean;
  /** In a card: without its title, or not at all. */
  card?: "bare" | "hidden";
};

export function DataTable<R>({
  label,
  columns,
  rows,
  keyOf,
  bold,
  more,
}: {
  label: string;
  columns: Column<R>[];
  rows: readonly R[];
  keyOf: (row: R) => string;
  /** Rows that stand out: what was not read or heard yet. */
  bold?: (row: R) => boolean;
  /** Called when the end is near; undefined when there is no more. */
  more?: (() => void) | undefined;
}) {
  const page = useRef<HTMLElement>(null);
  if (page.current === null) page.current = document.getElementById("page");
  const body = useRef<HTMLDivElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  const grid = columns.map((one) => one.width ?? "minmax(0, 1fr)").join(" ");

  useLayoutEffect(() => {
    const scroller = page.current;
    if (scroller === null || body.current === null) return;
    const at = body.current.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    const next = Math.round(at + scroller.scrollTop);
    if (Math.abs(next - margin) > 1) setMargin(next);
  });

  useEffect(() => {
    if (more === undefined || end.current === null) return;
    const watcher = new IntersectionObserver(
      (entries) => {
        if (entries.some((one) => one.isIntersecting)) more();
      },
      { root: page.current, rootMargin: "600px" },
    );
    watcher.observe(end.current);
    return () => watcher.disconnect();
  }, [more]);

  return (
    <div className={styles.frame}>
      {/* biome-ignore lint/a11y/useSemanticElements: rows that are not drawn cannot be in a real table */}
      <div
        className={styles.table}
        role="table"
        aria-label={label}
        aria-rowcount={more ? -1 : rows.length + 1}
      >
        {/* biome-ignore lint/a11y/useSemanticElements: as above */}
        <div role="rowgroup" className={styles.headGroup}>
          {/* biome-ignore lint/a11y/useSemanticElements: as above */}
          {/* biome-ignore lint/a11y/useFocusableInteractive: a row that only shows is no stop for Tab */}
          <div role="row" className={styles.head} aria-rowindex={1} style={{ gridTemplateColumns: grid }}>
            {columns.map((one) => (
              // biome-ignore lint/a11y/useSemanticElements: as above
              // biome-ignore lint/a11y/useFocusableInteractive: as above
              <span key={one.id} role="columnheader" className={one.end ? styles.end : ""}>
                {one.id === "actions" ? <span className="listened">{one.title}</span> : one.title}
              </span>
            ))}
          </div>
        </div>
        {/* biome-ignore lint/a11y/useSemanticElements: as above */}
        <div role="rowgroup" ref={body}>
          <Virtualizer scrollRef={page} startMargin={margin}>
            {rows.map((row, index) => (
              // biome-ignore lint/a11y/useSemanticElements: as above
              // biome-ignore lint/a11y/useFocusableInteractive: as above
              <div
                key={keyOf(row)}
                role="row"
                aria-rowindex={index + 2}
                className={styles.row}
                data-bold={bold?.(row) ? "" : undefined}
                style={{ gridTemplateColumns: grid }}
              >
                {columns.map((one, at) => (
                  <div
                    key={one.id}
                    role={at === 0 ? "rowheader" : "cell"}
                    className={`${styles.cell} ${one.end ? styles.end : ""}`}
                    data-card={at === 0 ? "first" : one.id === "actions" ? "actions" : (one.card ?? "titled")}
                    data-title={one.title}
                  >
                    {one.cell(row)}
                  </div>
                ))}
              </div>
            ))}
          </Virtualizer>
        </div>
      </div>
      <div ref={end} />
    </div>
  );
}
