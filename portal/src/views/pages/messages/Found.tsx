import { Search } from "lucide-react";
import { useEffect } from "react";
import { Link } from "wouter";
import { announce } from "../../../core/announcer";
import { api, type Message, ok } from "../../../core/api";
import { dateText, t } from "../../../core/i18n";
import { numberShown, userName } from "../../../core/naming";
import { usePages } from "../../../core/pages";
import { useMe } from "../../../core/session";
import { Empty } from "../../../ui/Empty";
import { DataTable } from "../parts/DataTable";
import { Loaded } from "../parts/Loaded";
import styles from "./Messages.module.css";

/** Messages with these words, each a link to where it was said. */
export function Found({ asked, conversationId }: { asked: string; conversationId?: string }) {
  const { user } = useMe();
  const within = conversationId ? { conversation_id: conversationId } : {};
  const { query, rows, more } = usePages<Message>(["search", asked, conversationId ?? ""], (page, signal) =>
    ok(api.GET("/v1/search", { params: { query: { ...page, q: asked, ...within } }, signal })),
  );
  const count = query.isSuccess ? rows.length : undefined;
  useEffect(() => {
    if (count !== undefined) announce(t("messages.found", { count }));
  }, [count]);
  return (
    <Loaded query={query}>
      {() =>
        rows.length === 0 ? (
          <Empty icon={<Search size={24} />} title={t("messages.nothing_found")}>
            <p>{t("messages.nothing_found_hint")}</p>
          </Empty>
        ) : (
          <DataTable
            label={t("messages.search_results")}
            rows={rows}
            keyOf={(one) => one.id}
            more={more}
            columns={[
              {
                id: "text",
                title: t("messages.text"),
                width: "minmax(8rem, 2fr)",
                cell: (one) => (
                  <Link
                    href={`/messages/${one.conversation_id}?at=${one.id}`}
                    className={styles.name}
                    dir="auto"
                  >
                    {one.text}
                  </Link>
                ),
              },
              {
                id: "who",
                title: t("messages.who"),
                width: "minmax(6rem, 1fr)",
                cell: (one) => (
                  <span dir="auto">
                    {one.user_id ? userName(one.user_id, undefined, user.id) : numberShown(one.from ?? "")}
                  </span>
                ),
              },
              {
                id: "when",
                title: t("messages.time"),
                width: "9rem",
                cell: (one) => (
                  <time dateTime={one.created_at}>
                    {dateText(one.created_at, { dateStyle: "medium", timeStyle: "short" })}
                  </time>
                ),
              },
            ]}
          />
        )
      }
    </Loaded>
  );
}
