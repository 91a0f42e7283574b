import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api, ok } from "../../core/api";
import { t } from "../../core/i18n";
import { onFrame } from "../../core/live";
import { explain } from "../../core/problems";
import { keys, renew } from "../../core/queries";
import { Empty, Loading } from "../../ui/Empty";
import styles from "./Composer.module.css";

onFrame("quick_reply.", () => void renew(keys.quickReplies));

/** Texts kept ready; one goes into what is being written. */
export function QuickReplies({ pick, close }: { pick: (text: string) => void; close: () => void }) {
  const frame = useRef<HTMLElement>(null);
  const { data, isPending, error } = useQuery({
    queryKey: keys.quickReplies,
    queryFn: () => ok(api.GET("/v1/quick-replies")),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: once they are there
  useEffect(() => frame.current?.querySelector("button")?.focus(), [data]);
  return (
    <section
      ref={frame}
      className={styles.panel}
      aria-label={t("compose.quick_replies")}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        close();
      }}
    >
      {isPending ? (
        <Loading label={t("app.loading")} />
      ) : error ? (
        <Empty title={explain(error)} />
      ) : data.items.length === 0 ? (
        <Empty title={t("compose.no_quick_replies")} />
      ) : (
        <ul className={styles.replies}>
          {data.items.map((one) => (
            <li key={one.id}>
              <button type="button" onClick={() => pick(one.text)}>
                <strong dir="auto">{one.title || one.text.slice(0, 40)}</strong>
                {one.title ? <span dir="auto">{one.text}</span> : null}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
