import { History as HistoryIcon, Link2 } from "lucide-react";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { VList, type VListHandle } from "virtua";
import { announce } from "../../../core/announcer";
import type { Conversation, TimelineItem } from "../../../core/api";
import { deliveryText, isTroubled } from "../../../core/delivery";
import { indexOfDay, type Sort, useHistory } from "../../../core/history";
import { clockText, dateText, t } from "../../../core/i18n";
import { numberShown, peerName, userName } from "../../../core/naming";
import { explain } from "../../../core/problems";
import { useMe } from "../../../core/session";
import { toast } from "../../../core/toasts";
import { Avatar } from "../../../ui/Avatar";
import { Button, IconButton } from "../../../ui/Button";
import { Empty, Loading } from "../../../ui/Empty";
import { Attachments } from "../../conversations/Attachments";
import { NoticeRow } from "../../conversations/NoticeRow";
import { RichText } from "../../conversations/RichText";
import { Player } from "../messages/Player";
import styles from "./History.module.css";

type Line = { key: string; day: string } | { key: string; item: TimelineItem };

/** What happened, oldest first, from the end or around a message. */
export function Past({
  conversation,
  at,
  sort,
  day,
}: {
  conversation: Conversation;
  at: string | null;
  sort: Sort;
  day: string;
}) {
  // What is chosen is read from its end, and back to the day.
  const dayMs = day === "" || sort !== "all" ? null : new Date(`${day}T00:00:00`).getTime();
  const { past, state, error, reading, older, newer, backTo, again } = useHistory(
    conversation.id,
    at,
    dayMs,
    sort,
  );
  const list = useRef<VListHandle>(null);
  const placed = useRef(false);
  const [marked, setMarked] = useState(at);
  const lines = useMemo(() => linesOf(past.items), [past.items]);
  const before = useRef<{ first: string | undefined; count: number }>({ first: undefined, count: 0 });
  const first = lines.find((one) => "item" in one)?.key;
  // Rows that come in above must not move what is being read.
  const prepended =
    before.current.first !== undefined &&
    before.current.first !== first &&
    lines.length > before.current.count;

  useLayoutEffect(() => {
    before.current = { first, count: lines.length };
    if (placed.current || state !== "ready" || lines.length === 0) return;
    placed.current = true;
    if (day !== "") return; // goes to the day
    const index = at === null ? -1 : lines.findIndex((one) => one.key === at);
    const go = () =>
      index < 0
        ? list.current?.scrollToIndex(lines.length - 1, { align: "end" })
        : list.current?.scrollToIndex(index, { align: "center" });
    go();
    requestAnimationFrame(go); // once more, now that the rows have their real heights
  });

  // Calls and notices alone may leave too little to scroll: read on until there is something or the beginning is reached.
  useEffect(() => {
    if (state === "ready" && lines.length < 12 && past.older !== null && reading === undefined) void older();
  }, [state, lines.length, past.older, reading, older]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: only a newly chosen day is a wish to go there
  useEffect(() => {
    if (day === "" || state !== "ready") return;
    const begins = new Date(`${day}T00:00:00`).getTime();
    void backTo(begins)
      .then(() => setMarked(`day ${begins}`))
      .catch((problem: unknown) => void toast(explain(problem), { bad: true }));
  }, [day, state]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: goes there once, when it is loaded
  useEffect(() => {
    if (!marked?.startsWith("day ")) return;
    const found = past.items[indexOfDay(past.items, Number(marked.slice(4)))];
    if (found === undefined) {
      announce(t("history.nothing_since"));
      return;
    }
    setMarked(found.id);
    announce(t("history.jumped", { day: dateText(found.at, { dateStyle: "full" }) }));
    const index = lines.findIndex((one) => one.key === found.id);
    requestAnimationFrame(() => list.current?.scrollToIndex(Math.max(0, index - 1), { align: "start" }));
  }, [marked]);

  if (state === "failed") {
    return (
      <Empty icon={<HistoryIcon size={24} />} title={t("history.failed")}>
        <p>{explain(error)}</p>
        <Button onClick={again}>{t("action.retry")}</Button>
      </Empty>
    );
  }
  if (state === "loading") return <Loading label={t("app.loading")} />;
  if (lines.length === 0 && past.older === null) {
    return (
      <Empty
        icon={<HistoryIcon size={24} />}
        title={t(sort === "all" ? "history.none" : "history.none_filtered")}
      >
        {null}
      </Empty>
    );
  }

  return (
    <section className={styles.past} aria-label={t("history.label")} data-testid="history">
      {reading === "jump" ? <p className={styles.busy}>{t("history.going_back")}</p> : null}
      <VList
        ref={list}
        className={styles.scroller ?? ""}
        tabIndex={0}
        shift={prepended}
        onScroll={(offset) => {
          const handle = list.current;
          if (handle === null || !placed.current) return;
          if (offset < 600) void older();
          if (!past.atEnd && offset + handle.viewportSize > handle.scrollSize - 600) void newer();
        }}
      >
        {lines.map((one) =>
          "day" in one ? (
            <h2 key={one.key} className={styles.heading}>
              {one.day}
            </h2>
          ) : (
            <Item key={one.key} item={one.item} conversation={conversation} marked={one.key === marked} />
          ),
        )}
      </VList>
    </section>
  );
}

function linesOf(items: readonly TimelineItem[]): Line[] {
  const lines: Line[] = [];
  let last = "";
  for (const item of items) {
    const day = dateText(item.at, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
    if (day !== last) lines.push({ key: `day ${item.at}`, day });
    last = day;
    lines.push({ key: item.id, item });
  }
  return lines;
}

function Item({
  item,
  conversation,
  marked,
}: {
  item: TimelineItem;
  conversation: Conversation;
  marked: boolean;
}) {
  const { user } = useMe();
  const { message, voicemail } = item;
  if (voicemail) {
    const { caller } = voicemail;
    const known = conversation.contacts.find((one) => one.number === caller.number);
    const name = known?.name || caller.contact_name || caller.name || numberShown(caller.number);
    return (
      <article className={styles.item} data-marked={marked ? "" : undefined}>
        <Avatar
          name={name}
          id={known?.contact_id ?? caller.contact_id ?? caller.user_id ?? caller.number}
          size={32}
        />
        <div className={styles.said}>
          <p className={styles.by}>
            <strong dir="auto">{name}</strong>
            <time dateTime={item.at}>{clockText(item.at)}</time>
            <span>{t("messages.voicemail")}</span>
          </p>
          <Player
            source={voicemail.audio_url}
            name={name}
            lengthS={voicemail.duration_s}
            started={() => undefined}
          />
        </div>
      </article>
    );
  }
  if (!message) return <NoticeRow item={item} conversation={conversation} />;
  const inbound = message.direction === "inbound";
  const peer = conversation.contacts.find((one) => one.number === message.from);
  const who = inbound
    ? peerName(peer ?? { name: null, number: message.from ?? "" })
    : userName(message.user_id, conversation, user.id);
  const state = deliveryText(message);
  return (
    <article className={styles.item} data-marked={marked ? "" : undefined} data-testid="history-item">
      <Avatar name={who} id={message.user_id ?? peer?.contact_id ?? message.from ?? who} size={32} />
      <div className={styles.said}>
        <p className={styles.by}>
          <strong dir="auto">{who}</strong>
          <time dateTime={message.created_at}>{clockText(message.created_at)}</time>
          {message.edited_at ? <span>{t("timeline.edited")}</span> : null}
          {state ? <span data-trouble={isTroubled(message) ? "" : undefined}>{state}</span> : null}
          <IconButton
            small
            className={styles.link ?? ""}
            label={t("history.copy_link")}
            onClick={() => copy(message.id)}
          >
            <Link2 size={16} aria-hidden="true" />
          </IconButton>
        </p>
        {message.deleted_at ? (
          <p className={styles.gone}>{t("timeline.deleted")}</p>
        ) : (
          <>
            {message.text ? (
              <div className={styles.text} dir="auto">
                <RichText text={message.text} />
              </div>
            ) : null}
            <Attachments files={message.attachments} />
            {message.reactions.length > 0 ? (
              <p>
                {message.reactions.map((one) => (
                  <span key={one.emoji} className={styles.reaction}>
                    {one.emoji} {one.user_ids.length}
                  </span>
                ))}
              </p>
            ) : null}
          </>
        )}
      </div>
    </article>
  );
}

function copy(id: string): void {
  const address = new URL(location.href);
  address.search = `?at=${id}`;
  navigator.clipboard.writeText(address.href).then(
    () => toast(t("history.link_copied")),
    () => toast(address.href),
  );
}
