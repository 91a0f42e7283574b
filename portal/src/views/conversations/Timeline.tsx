import { ArrowDown } from "lucide-react";
import {
  type KeyboardEvent,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { announce } from "../../core/announcer";
import { api, type Conversation, type Message, ok, type TimelineItem } from "../../core/api";
import { keepConversation, timelineItems, useTimeline, useTyping } from "../../core/conversations";
import { dayText, listText, t } from "../../core/i18n";
import { conversationTitle, userName } from "../../core/naming";
import { useOutbox } from "../../core/outbox";
import { explain } from "../../core/problems";
import type { Edit } from "../../core/rewriting";
import { useMe } from "../../core/session";
import { useWindows } from "../../core/windows";
import { Button } from "../../ui/Button";
import { Empty, Loading } from "../../ui/Empty";
import { MessageRow } from "./MessageRow";
import { NoticeRow } from "./NoticeRow";
import { PendingRow } from "./PendingRow";
import styles from "./Timeline.module.css";

/** Nearer to the end than this counts as being there, in px. */
const AT_END = 48;
/** What one person says within this time is drawn as one block, in ms. */
const TOGETHER_MS = 4 * 60_000;

/** Everything that happened in a conversation; it follows the end only for who is at the end. */
export function Timeline({
  conversation,
  answer,
  windowKey,
}: {
  conversation: Conversation;
  answer: (message: Message) => void;
  windowKey: string;
}) {
  const { user } = useMe();
  const { id } = conversation;
  const edit = useWindows((store) => store.windows.find((one) => one.key === windowKey)?.edit);
  const query = useTimeline(id);
  const items = useMemo(() => timelineItems(query.data), [query.data]);
  const pending = useOutbox((store) => store.entries).filter((one) => one.conversation_id === id);
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const height = useRef(0);
  const [missed, setMissed] = useState(0);
  const firstUnread = useFirstUnread(conversation, items, user.id);
  const current = useRoving(box, items.length);

  const last = items.at(-1);
  const first = items[0]?.id;
  const before = useRef({
    last: undefined as string | undefined,
    first: undefined as string | undefined,
    count: 0,
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is drawn is what moves the end
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const was = before.current;
    const grown = element.scrollHeight - height.current;
    if (was.last === undefined) {
      const mark = element.querySelector("[data-unread-mark]");
      if (mark === null) element.scrollTop = element.scrollHeight;
      else mark.scrollIntoView({ block: "start" });
    } else if (was.first !== first && was.last === last?.id) {
      element.scrollTop += grown; // earlier ones came in above what is being read
    } else if (atEnd.current || pending.length > was.count) {
      element.scrollTop = element.scrollHeight;
    } else if (was.last !== last?.id) {
      const at = items.findIndex((one) => one.id === was.last);
      setMissed((count) => count + items.slice(at + 1).filter((one) => isNews(one, user.id)).length);
    }
    height.current = element.scrollHeight;
    before.current = { last: last?.id ?? was.last, first, count: pending.length };
  }, [items, pending.length]);

  // What comes in while the window is open is said aloud.
  const announced = useRef<string>(undefined);
  useEffect(() => {
    if (last === undefined) return;
    if (announced.current !== undefined && announced.current !== last.id && isNews(last, user.id)) {
      const who = senderName(last.message, conversation, user.id);
      announce(t("timeline.said", { name: who, text: last.message?.text ?? "" }));
    }
    announced.current = last.id;
  }, [last, conversation, user.id]);

  useReading(conversation, last, atEnd, items);

  const scrolled = useCallback(() => {
    const element = box.current;
    if (element === null) return;
    atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < AT_END;
    if (atEnd.current) setMissed(0);
    if (element.scrollTop < 80 && query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
  }, [query.hasNextPage, query.isFetchingNextPage, query.fetchNextPage]);

  function toEnd() {
    const element = box.current;
    if (element === null) return;
    // What a script asks for goes before the style sheet's word.
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    element.scrollTo({ top: element.scrollHeight, behavior: still ? "instant" : "smooth" });
    setMissed(0);
  }

  const title = conversationTitle(conversation, user.id);
  return (
    <div className={styles.frame}>
      <div className={styles.box} ref={box} onScroll={scrolled} {...current.handlers}>
        {query.isPending ? (
          <Loading label={t("app.loading")} />
        ) : query.isError && items.length === 0 ? (
          <Empty title={t("window.failed")}>
            <p>{explain(query.error)}</p>
            <Button onClick={() => void query.refetch()}>{t("action.retry")}</Button>
          </Empty>
        ) : (
          <>
            {query.hasNextPage ? (
              <Button look="quiet" className={styles.older} onClick={() => void query.fetchNextPage()}>
                {t(query.isFetchingNextPage ? "timeline.loading_older" : "timeline.older")}
              </Button>
            ) : null}
            {items.every((one) => one.type !== "message") && pending.length === 0 ? (
              <Empty title={t(conversation.kind === "sms" ? "timeline.empty_sms" : "timeline.empty_chat")}>
                <p>{t("timeline.empty_hint")}</p>
              </Empty>
            ) : null}
            {/* biome-ignore lint/a11y/useSemanticElements: a landmark in each window would be one too many */}
            <div role="group" className={styles.lines} aria-label={t("timeline.label")}>
              {items.map((item, index) => (
                <Line
                  key={item.id}
                  item={item}
                  before={items[index - 1]}
                  after={items[index + 1]}
                  last={index === items.length - 1}
                  unread={item.id === firstUnread}
                  conversation={conversation}
                  answer={answer}
                  windowKey={windowKey}
                  edit={edit?.messageId === item.id ? edit : undefined}
                />
              ))}
              {pending.map((one) => (
                <PendingRow key={one.client_id} entry={one} />
              ))}
            </div>
            <Typing id={id} conversation={conversation} />
          </>
        )}
      </div>
      {missed > 0 ? (
        <button type="button" className={styles.pill} onClick={toEnd}>
          <ArrowDown size={15} aria-hidden="true" />
          {t("timeline.new", { count: missed })}
          <span className="listened">{title}</span>
        </button>
      ) : null}
    </div>
  );
}

function Line({
  item,
  before,
  after,
  last,
  unread,
  ...row
}: {
  item: TimelineItem;
  before: TimelineItem | undefined;
  after: TimelineItem | undefined;
  last: boolean;
  unread: boolean;
  conversation: Conversation;
  answer: (message: Message) => void;
  windowKey: string;
  edit: Edit | undefined;
}) {
  const newDay = before === undefined || dayOf(before.at) !== dayOf(item.at);
  return (
    <>
      {newDay ? <p className={styles.day}>{dayText(item.at)}</p> : null}
      {unread ? (
        <p className={styles.unread} data-unread-mark="">
          <span>{t("timeline.unread_from_here")}</span>
        </p>
      ) : null}
      {item.message !== null ? (
        <MessageRow
          {...row}
          message={item.message}
          begins={newDay || unread || !together(before, item)}
          ends={!together(item, after)}
          last={last}
        />
      ) : (
        <NoticeRow item={item} conversation={row.conversation} />
      )}
    </>
  );
}

function Typing({ id, conversation }: { id: string; conversation: Conversation }) {
  const { user } = useMe();
  const writers = useTyping((store) => store.writers[id]);
  const names = Object.keys(writers ?? {}).map((one) => userName(one, conversation, user.id));
  return (
    <p className={styles.typing} data-testid="typing">
      {names.length > 0 ? (
        <>
          <span className={styles.dots} aria-hidden="true" />
          <bdi>{t("timeline.typing", { count: names.length, names: listText(names) })}</bdi>
        </>
      ) : null}
    </p>
  );
}

/** Where reading goes on: the first one that waited when the window was opened. */
function useFirstUnread(conversation: Conversation, items: TimelineItem[], myId: string): string | undefined {
  const waiting = useRef(conversation.unread);
  const [mark, setMark] = useState<string>();
  const loaded = items.length > 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: decided once, when the first page is there
  useEffect(() => {
    if (!loaded || waiting.current === 0) return;
    const news = items.filter((one) => isNews(one, myId));
    setMark(news[Math.max(0, news.length - waiting.current)]?.id);
    waiting.current = 0;
  }, [loaded]);
  return mark;
}

/** Say that it was read: while somebody looks at the end of it. */
function useReading(
  conversation: Conversation,
  last: TimelineItem | undefined,
  atEnd: { current: boolean },
  items: TimelineItem[],
) {
  const { id, unread, marked_unread: marked } = conversation;
  const told = useRef<string>(undefined);
  useEffect(() => {
    const newest = items.findLast((one) => one.type !== "notice" && one.message !== null);
    if (newest === undefined || (unread === 0 && !marked)) return;
    const tell = () => {
      if (document.visibilityState !== "visible" || !document.hasFocus() || !atEnd.current) return;
      if (told.current === newest.id) return;
      told.current = newest.id;
      const body = { through: newest.id };
      ok(
        api.POST("/v1/conversations/{conversation_id}:read", {
          params: { path: { conversation_id: id } },
          body,
        }),
      )
        .then(keepConversation)
        .catch(() => {
          told.current = undefined;
        });
    };
    // The eye needs a moment too; and a window that flashes by was not read.
    const timer = setTimeout(tell, 400);
    addEventListener("focus", tell);
    document.addEventListener("visibilitychange", tell);
    document.addEventListener("scroll", tell, true);
    return () => {
      clearTimeout(timer);
      removeEventListener("focus", tell);
      document.removeEventListener("visibilitychange", tell);
      document.removeEventListener("scroll", tell, true);
    };
  }, [id, unread, marked, items, atEnd]);
  void last;
}

/** Messages are one stop for Tab: arrows move between them, Enter goes inside and arrows there, Escape comes back. */
function useRoving(box: { current: HTMLElement | null }, count: number) {
  const rows = () => [...(box.current?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];

  // biome-ignore lint/correctness/useExhaustiveDependencies: the last of those drawn takes the stop
  useEffect(() => {
    const all = rows();
    if (all.some((one) => one.tabIndex === 0 && one === document.activeElement)) return;
    for (const one of all) one.tabIndex = -1;
    const stop = all.at(-1);
    if (stop !== undefined) stop.tabIndex = 0;
  }, [count]);

  function onKeyDown(event: KeyboardEvent<HTMLDivElement>) {
    const target = event.target as HTMLElement;
    const row = target.closest<HTMLElement>("[data-row]");
    if (row === null) return;
    if (target !== row) {
      if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        row.focus();
      }
      if (event.key === "ArrowRight" || event.key === "ArrowLeft") across(event, row, target);
      return;
    }
    const all = rows();
    const at = all.indexOf(row);
    const steps: Record<string, number> = {
      ArrowUp: at - 1,
      ArrowDown: at + 1,
      Home: 0,
      End: all.length - 1,
    };
    const to = steps[event.key];
    if (to !== undefined) {
      event.preventDefault();
      const next = all[Math.max(0, Math.min(all.length - 1, to))];
      if (next === undefined) return;
      for (const one of all) one.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    } else if (event.key === "Enter") {
      event.preventDefault();
      row.querySelector<HTMLElement>("button, a")?.focus();
    }
  }
  return { handlers: { onKeyDown } };
}

/** From one to the next of the things one can do with a message. */
function across(event: KeyboardEvent, row: HTMLElement, target: HTMLElement) {
  if (target.matches("textarea, [role=menuitem]")) return;
  const stops = [...row.querySelectorAll<HTMLElement>("button, a")].filter((one) => !one.closest("[hidden]"));
  const forward = (event.key === "ArrowRight") === (getComputedStyle(row).direction === "ltr");
  const next = stops[stops.indexOf(target) + (forward ? 1 : -1)];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}

/** Whether it waits to be read by this user. */
function isNews(item: TimelineItem, myId: string): boolean {
  const { message } = item;
  if (message === null || message.deleted_at !== null) return false;
  return message.direction === "inbound" || (message.direction === "internal" && message.user_id !== myId);
}

function senderName(message: Message | null, conversation: Conversation, myId: string): string {
  if (message === null) return "";
  if (message.direction !== "inbound") return userName(message.user_id, conversation, myId);
  const known = conversation.contacts.find((one) => one.number === message.from);
  return known?.name ?? message.from ?? "";
}

function together(a: TimelineItem | undefined, b: TimelineItem | undefined): boolean {
  const [one, two] = [a?.message, b?.message];
  if (!one || !two) return false;
  return (
    one.direction === two.direction &&
    one.user_id === two.user_id &&
    one.from === two.from &&
    Date.parse(two.created_at) - Date.parse(one.created_at) < TOGETHER_MS
  );
}

const dayOf = (at: string) => new Date(at).toDateString();
