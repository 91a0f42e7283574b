/** Tabs whose choice is in the address (`?tab=`), so that a link or a reload finds the same one. */
import { Tabs as Base } from "@base-ui/react/tabs";
import { type ReactNode, useEffect, useRef } from "react";
import { useSearchParams } from "wouter";
import styles from "./Parts.module.css";

export type Tab = { id: string; label: string; count?: number | undefined; panel: () => ReactNode };

export function Tabs({ label, tabs }: { label: string; tabs: Tab[] }) {
  const [parameters, setParameters] = useSearchParams();
  const wanted = parameters.get("tab");
  const chosen = tabs.find((one) => one.id === wanted) ?? tabs[0];
  const list = useRef<HTMLDivElement>(null);
  const id = chosen?.id;
  // Where there is no room for all tabs, the chosen one is in sight, with those beside it.
  useEffect(() => {
    if (id === undefined) return;
    list.current
      ?.querySelector("[aria-selected='true']")
      ?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [id]);
  return (
    <Base.Root
      className={styles.tabs}
      value={chosen?.id ?? null}
      onValueChange={(value) => setParameters({ tab: String(value) }, { replace: true })}
    >
      <Base.List ref={list} className={styles.tabList} aria-label={label} activateOnFocus>
        {tabs.map((one) => (
          <Base.Tab key={one.id} value={one.id} className={styles.tab ?? ""}>
            {one.label}
            {one.count ? (
              <>
                {" "}
                <span className={styles.count}>{one.count > 99 ? "99+" : one.count}</span>
              </>
            ) : null}
          </Base.Tab>
        ))}
      </Base.List>
      {chosen ? (
        <Base.Panel value={chosen.id} className={styles.panel ?? ""}>
          {chosen.panel()}
        </Base.Panel>
      ) : null}
    </Base.Root>
  );
}
