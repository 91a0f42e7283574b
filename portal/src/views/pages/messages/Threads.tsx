import { MessageSquare, Phone, RotateCcw, Search, Smartphone } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { Link } from "wouter";
import { api, type Conversation, ok } from "../../../core/api";
import { placeCall } from "../../../core/calls";
import { shortWhen, t } from "../../../core/i18n";
import { conversationTitle, counterpart, numberShown, userName } from "../../../core/naming";
import { usePages } from "../../../core/pages";
import { explain } from "../../../core/problems";
import { keys, renew } from "../../../core/queries";
import { useMe } from "../../../core/session";
import { toast } from "../../../core/toasts";
import { openConversation } from "../../../core/windows";
import { Avatar } from "../../../ui/Avatar";
import { IconButton } from "../../../ui/Button";
import { Empty } from "../../../ui/Empty";
import { Select, TextField } from "../../../ui/Fields";
import { type Column, DataTable } from "../parts/DataTable";
import { Loaded } from "../parts/Loaded";
import parts from "../parts/Parts.module.css";
import { Found } from "./Found";
import styles from "./Messages.module.css";

type Show = "all" | "unread" | "chat" | "sms" | "deleted";
const FILTERS: Record<Show, object> = {
  all: {},
  unread: { unread: true },
  chat: { kind: "chat" },
  sms: { kind: "sms" },
  deleted: { deleted: true },
};

export const isUnread = (one: Conversation): boolean => one.unread > 0 || one.marked_unread;

/** Every conversation one has, the latest first; its name leads to its history. */
export function Threads() {
  const { user } = useMe();
  const [show, setShow] = useState<Show>("all");
  const [typed, setTyped] = useState("");
  const asked = useDeferredValue(typed.trim());
  const { query, rows, more } = usePages<Conversation>(
    [...keys.conversations, "page", show],
    (page, signal) =>
      ok(
        api.GET("/v1/conversations", {
          params: { query: { ...page, mine: true, ...FILTERS[show] } },
          signal,
        }),
      ),
  );

  return (
    <>
      <div className={parts.filters}>
        <Select
          inline
          label={t("messages.show")}
          value={show}
          options={{
            all: t("messages.show_all"),
            unread: t("messages.show_unread"),
            chat: t("messages.show_chat"),
            sms: t("messages.show_sms"),
            deleted: t("messages.show_deleted"),
          }}
          choose={(value) => setShow(value as Show)}
        />
        <span className={styles.search}>
          <Search size={17} aria-hidden="true" />
          <TextField
            label={t("messages.search")}
            placeholder={t("messages.search")}
            type="search"
            maxLength={200}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </span>
      </div>
      {asked ? (
        <Found asked={asked} />
      ) : (
        <Loaded query={query}>
          {() =>
            rows.length === 0 ? (
              <Empty icon={<MessageSquare size={24} />} title={t("messages.none")}>
                <p>{t(show === "all" ? "messages.none_hint" : "messages.none_filtered")}</p>
              </Empty>
            ) : (
              <DataTable
                label={t("messages.written")}
                columns={columns(user.id, show === "deleted")}
                rows={rows}
                keyOf={(one) => one.id}
                bold={isUnread}
                more={more}
              />
            )
          }
        </Loaded>
      )}
    </>
  );
}

function columns(me: string, deleted: boolean): Column<Conversation>[] {
  return [
    {
      id: "who",
      title: t("messages.who"),
      width: "minmax(9rem, 1.1fr)",
      cell: (one) => {
        const name = conversationTitle(one, me);
        return (
          <span className={styles.who}>
            <Avatar name={name} id={counterpart(one, me)?.key ?? one.id} size={32} />
            <Link href={`/messages/${one.id}`} className={styles.name} dir="auto">
              {name}
            </Link>
            {isUnread(one) ? <span className="listened">{t("messages.unread")}</span> : null}
            {one.unread > 0 ? <span className={parts.count}>{one.unread}</span> : null}
          </span>
        );
      },
    },
    {
      id: "kind",
      title: t("messages.kind"),
      width: "4.2rem",
      cell: (one) => (
        <span className={parts.pill}>{t(one.kind === "chat" ? "messages.chat" : "messages.sms")}</span>
      ),
    },
    {
      id: "last",
      title: t("messages.last"),
      width: "minmax(6rem, 1.4fr)",
      card: "bare",
      cell: (one) => (
        <span className={styles.last} dir="auto">
          {lastWords(one, me)}
        </span>
      ),
    },
    {
      id: "number",
      title: t("messages.number"),
      width: "8.2rem",
      cell: (one) => (one.number === null ? "–" : <bdi>{numberShown(one.number)}</bdi>),
    },
    {
      id: "when",
      title: t("messages.time"),
      width: "4.6rem",
      cell: (one) => <time dateTime={one.last_message_at}>{shortWhen(one.last_message_at)}</time>,
    },
    {
      id: "actions",
      title: t("page.actions"),
      width: "5rem",
      end: true,
      card: "bare",
      cell: (one) => <Actions one={one} me={me} deleted={deleted} />,
    },
  ];
}

function Actions({ one, me, deleted }: { one: Conversation; me: string; deleted: boolean }) {
  const name = conversationTitle(one, me);
  const other = counterpart(one, me);
  if (deleted) {
    return (
      <IconButton small label={t("messages.restore", { name })} onClick={() => void restore(one)}>
        <RotateCcw size={18} aria-hidden="true" />
      </IconButton>
    );
  }
  return (
    <span className={styles.actions}>
      {other ? (
        <IconButton
          small
          label={t("contacts.call", { name })}
          onClick={() => void placeCall(other.dial, name)}
        >
          <Phone size={18} aria-hidden="true" />
        </IconButton>
      ) : null}
      <IconButton small label={t("messages.open", { name })} onClick={() => openConversation(one.id)}>
        {one.kind === "sms" ? (
          <Smartphone size={18} aria-hidden="true" />
        ) : (
          <MessageSquare size={18} aria-hidden="true" />
        )}
      </IconButton>
    </span>
  );
}

async function restore(one: Conversation): Promise<void> {
  try {
    const params = { path: { conversation_id: one.id } };
    await ok(api.POST("/v1/conversations/{conversation_id}:restore", { params }));
    void renew(keys.conversations);
    toast(t("messages.restored"));
  } catch (error) {
    toast(explain(error), { bad: true });
  }
}

function lastWords(one: Conversation, me: string): string {
  const last = one.last_item;
  if (last === null) return t("messages.nothing_said");
  if (last.deleted) return t("timeline.deleted");
  const text = last.text || t("messages.files", { count: last.attachments });
  if (last.user_id === me) return t("messages.you_said", { text });
  if (last.user_id !== null && (one.kind === "sms" || one.members.length > 2)) {
    return t("messages.said", { name: userName(last.user_id, one, me), text });
  }
  return text;
}
