import { useQuery } from "@tanstack/react-query";
import { Ellipsis, Reply, SmilePlus } from "lucide-react";
import { memo, Suspense, useRef, useState } from "react";
import { api, type Conversation, type Message, ok } from "../../core/api";
import { keepMessage, timelineItems, useTimeline } from "../../core/conversations";
import { clockText, dateText, hasKey, type Key, listText, t } from "../../core/i18n";
import { peerName, userName } from "../../core/naming";
import { codeText, explain } from "../../core/problems";
import { type Edit, isOwn } from "../../core/rewriting";
import { useMe } from "../../core/session";
import { toast } from "../../core/toasts";
import { IconButton } from "../../ui/Button";
import { later } from "../../ui/later";
import { Attachments } from "./Attachments";
import styles from "./Message.module.css";
import { RichText } from "./RichText";

const Editor = later(() => import("./Editor").then((module) => ({ default: module.Editor })));
const MessageMenu = later(() => import("./MessageMenu").then((module) => ({ default: module.MessageMenu })));

const QUICK = ["👍", "❤️", "😂", "😮", "🙏"];

type Props = {
  message: Message;
  conversation: Conversation;
  /** Whether it is the first, or the last, of what somebody says in a row. */
  begins: boolean;
  ends: boolean;
  /** Whether nothing came after it. */
  last: boolean;
  answer: (message: Message) => void;
  windowKey: string;
  /** Set while it is being said differently. */
  edit: Edit | undefined;
};

/** One message, with what became of it. */
export const MessageRow = memo(function MessageRow(props: Props) {
  const { message, conversation, begins, ends, last, answer, windowKey, edit } = props;
  const { user } = useMe();
  const [reacting, setReacting] = useState(false);
  const [menu, setMenu] = useState(false);
  const more = useRef<HTMLButtonElement>(null);
  const chat = conversation.kind === "chat";
  const mine = message.direction === "outbound" || (chat && message.user_id === user.id);
  const ours = mine && message.user_id === user.id;
  const deleted = message.deleted_at !== null;
  const changeable = chat && isOwn(message, user.id);
  const who =
    message.direction === "inbound"
      ? peerName(
          conversation.contacts.find((one) => one.number === message.from) ?? {
            name: null,
            number: message.from ?? "",
          },
        )
      : userName(message.user_id, conversation, user.id);
  const several = conversation.members.length > 2 || conversation.contacts.length > 1;
  // Who said it goes without saying between two.
  const named = begins && (mine ? !ours && message.user_id !== null : several);
  const text = deleted ? t("timeline.deleted") : message.text;

  async function react(emoji: string, on: boolean) {
    setReacting(false);
    try {
      const path = { message_id: message.id };
      if (on) {
        keepMessage(
          await ok(api.POST("/v1/messages/{message_id}/reactions", { params: { path }, body: { emoji } })),
        );
      } else {
        const params = { path, query: { emoji } };
        const answered = await ok(api.DELETE("/v1/messages/{message_id}/reactions", { params }));
        if (answered) keepMessage(answered as Message);
      }
    } catch (error) {
      toast(explain(error), { bad: true });
    }
  }

  return (
    <article
      className={styles.row}
      data-mine={mine ? "" : undefined}
      data-begins={begins ? "" : undefined}
      data-row=""
      data-testid="message"
      tabIndex={-1}
      aria-label={t("timeline.said", { name: ours ? t("timeline.you") : who, text })}
    >
      {named ? (
        <p className={styles.sender} dir="auto">
          {who}
        </p>
      ) : null}
      {edit !== undefined ? (
        <Suspense fallback={null}>
          <Editor message={message} edit={edit} windowKey={windowKey} />
        </Suspense>
      ) : null}
      <div className={styles.line} hidden={edit !== undefined}>
        <div className={styles.bubble} data-deleted={deleted ? "" : undefined}>
          {message.reply_to && !deleted ? <Quoted id={message.reply_to} conversation={conversation} /> : null}
          {deleted ? <em>{text}</em> : message.text ? <RichText text={message.text} /> : null}
          {deleted ? null : <Attachments files={message.attachments} />}
        </div>
        {chat && !deleted ? (
          <span className={styles.tools}>
            {reacting ? (
              QUICK.map((emoji) => (
                <button
                  key={emoji}
                  type="button"
                  aria-label={t("timeline.react", { emoji })}
                  onClick={() => void react(emoji, true)}
                >
                  {emoji}
                </button>
              ))
            ) : (
              <>
                <IconButton small tabIndex={-1} label={t("message.react")} onClick={() => setReacting(true)}>
                  <SmilePlus size={16} aria-hidden="true" />
                </IconButton>
                <IconButton small tabIndex={-1} label={t("message.answer")} onClick={() => answer(message)}>
                  <Reply size={16} aria-hidden="true" className={styles.turns} />
                </IconButton>
                {changeable ? (
                  <IconButton
                    small
                    ref={more}
                    tabIndex={-1}
                    label={t("message.more")}
                    aria-haspopup="menu"
                    aria-expanded={menu}
                    onClick={() => setMenu(true)}
                  >
                    <Ellipsis size={16} aria-hidden="true" />
                  </IconButton>
                ) : null}
              </>
            )}
          </span>
        ) : null}
      </div>
      {message.reactions.length > 0 ? (
        <p className={styles.reactions}>
          {message.reactions.map((one) => (
            <button
              key={one.emoji}
              type="button"
              aria-pressed={one.user_ids.includes(user.id)}
              aria-label={t("timeline.reaction", { emoji: one.emoji, count: one.user_ids.length })}
              title={listText(one.user_ids.map((each) => userName(each, conversation, user.id)))}
              onClick={() => void react(one.emoji, !one.user_ids.includes(user.id))}
            >
              <span aria-hidden="true">{one.emoji}</span> {one.user_ids.length}
            </button>
          ))}
        </p>
      ) : null}
      {ends || mine || message.edited_at ? <Foot {...props} mine={mine} ends={ends || last} /> : null}
      {menu ? (
        <Suspense fallback={null}>
          <MessageMenu message={message} windowKey={windowKey} button={more} close={() => setMenu(false)} />
        </Suspense>
      ) : null}
    </article>
  );
});

/** When it was said, and what became of it. */
function Foot({ message, conversation, mine, ends, last }: Props & { mine: boolean }) {
  const { user } = useMe();
  const [open, setOpen] = useState(false);
  const troubled = mine && TROUBLE.has(message.status);
  const status = mine ? statusText(message, conversation, user.id, last) : "";
  if (!ends && !troubled && !message.edited_at) return null;
  const marks = FLAGS.filter(([flag]) => message.flags.includes(flag)).map(([, key]) => t(key));
  if (message.edited_at && !message.deleted_at) marks.unshift(t("timeline.edited"));
  const when = (
    <time
      dateTime={message.created_at}
      title={dateText(message.created_at, { dateStyle: "full", timeStyle: "medium" })}
    >
      {clockText(message.created_at)}
    </time>
  );
  const details = message.to.length > 1 || message.to.some((one) => one.error !== null);
  return (
    <div className={styles.foot} data-trouble={troubled ? "" : undefined}>
      {when}
      {marks.map((one) => (
        <span key={one}>{one}</span>
      ))}
      {status && details ? (
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} data-testid="status">
          {status}
        </button>
      ) : status ? (
        <span data-testid="status">{status}</span>
      ) : null}
      {open ? (
        <ul className={styles.each} aria-label={t("status.each")}>
          {message.to.map((one) => (
            <li key={one.number}>
              <bdi>
                {peerName(
                  conversation.contacts.find((each) => each.number === one.number) ?? {
                    name: null,
                    number: one.number,
                  },
                )}
              </bdi>
              {": "}
              {one.error
                ? t("status.reason", {
                    status: recipientText(one.status),
                    reason: codeText(one.error.code, one.error.text),
                  })
                : recipientText(one.status)}
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

const TROUBLE = new Set([
  "undelivered",
  "partially_delivered",
  "rejected",
  "expired",
  "failed",
  "uncertain",
  "canceled",
]);
const FLAGS: [string, Key][] = [
  ["auto_answer", "timeline.auto_answer"],
  ["possible_duplicate", "timeline.possible_duplicate"],
  ["inferred", "timeline.inferred"],
];

function statusText(message: Message, conversation: Conversation, myId: string, last: boolean): string {
  if (conversation.kind === "chat") {
    if (!last) return "";
    const readers = conversation.members.filter(
      (one) => one.user_id !== myId && one.read_through !== null && one.read_through >= message.id,
    );
    if (readers.length === 0) return t("status.sent_chat");
    if (conversation.members.length <= 2) return t("timeline.seen");
    return t("timeline.read_by", { names: listText(readers.map((one) => one.name || one.extension)) });
  }
  const statuses = new Set(message.to.map((one) => one.status));
  if (statuses.size > 1) {
    const delivered = message.to.filter((one) => one.status === "delivered").length;
    return t("status.mixed", { delivered, total: message.to.length });
  }
  const error = message.to[0]?.error;
  const words = recipientText(message.status);
  return error ? t("status.reason", { status: words, reason: codeText(error.code, error.text) }) : words;
}

function recipientText(status: string): string {
  const special: Record<string, Key> = { sending: "status.sending_sms", failed: "status.failed_sms" };
  const key = special[status] ?? `status.${status}`;
  return hasKey(key) ? t(key) : status;
}

/** The beginning of the message that this one answers, if it is loaded. */
function Quoted({ id, conversation }: { id: string; conversation: Conversation }) {
  const { user } = useMe();
  const quoted = useQuoted(id, conversation.id);
  return (
    <blockquote className={styles.quote}>
      <span className="listened">{t("timeline.reply_to")}</span>
      {quoted === undefined ? (
        "…"
      ) : (
        <>
          <strong dir="auto">{userName(quoted.user_id, conversation, user.id)}</strong>
          <span dir="auto">{quoted.deleted_at ? t("timeline.deleted") : quoted.text.slice(0, 140)}</span>
        </>
      )}
    </blockquote>
  );
}

function useQuoted(id: string, conversationId: string): Message | undefined {
  const { data } = useTimeline(conversationId);
  const loaded = timelineItems(data).find((one) => one.id === id)?.message ?? undefined;
  const fetched = useQuery({
    queryKey: ["message", id],
    enabled: loaded === undefined,
    queryFn: () => ok(api.GET("/v1/messages/{message_id}", { params: { path: { message_id: id } } })),
  });
  return loaded ?? fetched.data;
}
