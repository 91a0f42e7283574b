/**
 * Conversations and what was said in them, kept fresh by events.
 *
 * A timeline is an infinite query: pages newest first, as the engine gives them. News is put on the first
 * page; what an event does not bring along is fetched behind the newest position known.
 */
import { type InfiniteData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { create } from "zustand";
import { api, type Conversation, type Message, ok, type TimelineItem, type TimelinePage } from "./api";
import { onFrame } from "./live";
import { sentMessage } from "./outbox";
import { keys, overtake, queries, renew } from "./queries";
import { currentUserId } from "./session";

export type Pages = InfiniteData<TimelinePage, unknown>;

const PAGE = 40;
const CATCH_UP = 200;

export function useConversation(id: string) {
  return useQuery({ queryKey: keys.conversation(id), queryFn: () => fetchConversation(id) });
}

export async function fetchConversation(id: string): Promise<Conversation> {
  return ok(api.GET("/v1/conversations/{conversation_id}", { params: { path: { conversation_id: id } } }));
}

export function useTimeline(id: string) {
  return useInfiniteQuery({
    queryKey: keys.timeline(id),
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const query = { limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) };
      const params = { path: { conversation_id: id }, query };
      return ok(api.GET("/v1/conversations/{conversation_id}/timeline", { params, signal }));
    },
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

/** All that is loaded of a timeline, oldest first. */
export function timelineItems(data: Pages | undefined): TimelineItem[] {
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  return items.reverse();
}

/** Put the engine's latest word on a conversation into the cache. */
export function keepConversation(conversation: Conversation): void {
  queries.setQueryData(keys.conversation(conversation.id), conversation);
}

/**
 * Put a message where it belongs: over what is there, or as the newest.
 *
 * maybeOld: it is the answer to a request, which events with later news may have overtaken.
 */
export function keepMessage(message: Message, maybeOld = false): void {
  const id = message.conversation_id;
  if (id === null) return;
  sentMessage(message);
  if (!maybeOld) overtake(keys.timeline(id));
  queries.setQueryData<Pages>(keys.timeline(id), (data) => {
    if (data === undefined) return data;
    let there = false;
    const pages = data.pages.map((page) => {
      if (!page.items.some((one) => one.id === message.id)) return page;
      there = true;
      return { ...page, items: page.items.map((one) => (one.id === message.id ? { ...one, message } : one)) };
    });
    if (there) return maybeOld ? data : { ...data, pages };
    const [first, ...rest] = data.pages;
    if (first === undefined) return data;
    const item: TimelineItem = {
      type: "message",
      id: message.id,
      at: message.created_at,
      message,
      notice: null,
      call: null,
      voicemail: null,
    };
    return { ...data, pages: [{ ...first, items: inserted(first.items, item) }, ...rest] };
  });
}

/**
 * What became of one's own words, by the answer to the request that changed them.
 *
 * Reactions may have come since it was written; only what the request was about is taken from it.
 */
export function keepWords(answer: Message): void {
  const id = answer.conversation_id;
  if (id === null) return;
  const { text, edited_at, deleted_at, attachments } = answer;
  const gone = deleted_at === null ? {} : { attachments, reactions: [] };
  overtake(keys.timeline(id));
  queries.setQueryData<Pages>(keys.timeline(id), (data) => {
    if (data === undefined) return data;
    const changed = (one: TimelineItem): TimelineItem => {
      const { message } = one;
      if (one.id !== answer.id || message === null || saidLater(message, answer)) return one;
      return { ...one, message: { ...message, text, edited_at, deleted_at, ...gone } };
    };
    return { ...data, pages: data.pages.map((page) => ({ ...page, items: page.items.map(changed) })) };
  });
}

/** Whether what is known of a message is newer than an answer. */
function saidLater(known: Message, answer: Message): boolean {
  if (known.deleted_at !== null) return true;
  return answer.deleted_at === null && (known.edited_at ?? "") > (answer.edited_at ?? "");
}

/** Newest first, by when it happened. */
function inserted(items: TimelineItem[], item: TimelineItem): TimelineItem[] {
  const at = items.findIndex((one) => one.at <= item.at);
  return at < 0 ? [...items, item] : [...items.slice(0, at), item, ...items.slice(at)];
}

/** Which timelines are being caught up with, and whether more has come since it was asked for. */
const catching = new Map<string, boolean>();

/** Fetch what came behind the newest item that is loaded: notices and calls come without being brought. */
export async function catchUp(id: string): Promise<void> {
  overtake(keys.timeline(id));
  if (catching.has(id)) {
    catching.set(id, true);
    return;
  }
  try {
    do {
      catching.set(id, false);
      await catchUpOnce(id);
    } while (catching.get(id));
  } catch {
    // The next event or the next connection brings it.
  } finally {
    catching.delete(id);
  }
}

async function catchUpOnce(id: string): Promise<void> {
  const first = queries.getQueryData<Pages>(keys.timeline(id))?.pages[0];
  if (first === undefined) return;
  if (first.newer_cursor === null) {
    await renew(keys.timeline(id));
    return;
  }
  const params = { path: { conversation_id: id }, query: { after: first.newer_cursor, limit: CATCH_UP } };
  const page = await ok(api.GET("/v1/conversations/{conversation_id}/timeline", { params }));
  if (page.items.length === 0) return;
  if (page.items.length === CATCH_UP) catching.set(id, true);
  queries.setQueryData<Pages>(keys.timeline(id), (now) => {
    const [newest, ...rest] = now?.pages ?? [];
    if (now === undefined || newest === undefined) return now;
    // A message that is there may have been brought up to date by an event since this page was asked for.
    const known = new Map(newest.items.map((one) => [one.id, one]));
    const fresh = page.items.map((one) => (one.type === "message" ? (known.get(one.id) ?? one) : one));
    const brought = new Set(fresh.map((one) => one.id));
    const items = [...fresh, ...newest.items.filter((one) => !brought.has(one.id))];
    return { ...now, pages: [{ ...newest, items, newer_cursor: page.newer_cursor }, ...rest] };
  });
}

// Who is writing right now.

/** A writer who has said nothing for this long has stopped, in ms. */
const TYPING_MS = 6_000;
export const useTyping = create<{ writers: Readonly<Record<string, Readonly<Record<string, number>>>> }>(
  () => ({
    writers: {},
  }),
);

function typing(conversationId: string, userId: string, until: number | undefined): void {
  const { writers } = useTyping.getState();
  const here = { ...writers[conversationId] };
  if (until === undefined) delete here[userId];
  else here[userId] = until;
  useTyping.setState({ writers: { ...writers, [conversationId]: here } });
}

onFrame("typing", (frame) => {
  const data = (frame.data ?? {}) as { conversation_id?: string; user_id?: string };
  const { conversation_id: id, user_id: user } = data;
  if (!id || !user || user === currentUserId()) return;
  const until = Date.now() + TYPING_MS;
  typing(id, user, until);
  setTimeout(() => {
    if (useTyping.getState().writers[id]?.[user] === until) typing(id, user, undefined);
  }, TYPING_MS);
});

// News.

let listsDue: ReturnType<typeof setTimeout> | undefined;

/** Lists and counts follow a moment later, once for a burst. */
function listsChanged(): void {
  if (listsDue !== undefined) return;
  listsDue = setTimeout(() => {
    listsDue = undefined;
    void renew(keys.conversations);
    void renew(keys.unread);
  }, 250);
}

const due = new Map<string, ReturnType<typeof setTimeout>>();

function conversationChanged(id: string): void {
  if (due.has(id)) return;
  const timer = setTimeout(() => {
    due.delete(id);
    void renew(keys.conversation(id));
  }, 60);
  due.set(id, timer);
}

onFrame("message.", (frame) => {
  const message = frame.message as Message | undefined;
  const data = (frame.data ?? {}) as { conversation_id?: string };
  const id = message?.conversation_id ?? data.conversation_id;
  if (!id) return;
  if (message !== undefined) {
    keepMessage(message);
    if (message.user_id) typing(id, message.user_id, undefined);
  } else void catchUp(id);
  conversationChanged(id);
  listsChanged();
});

for (const prefix of ["conversation.", "member."]) {
  onFrame(prefix, (frame) => {
    const id = String(frame.subject ?? "");
    conversationChanged(id);
    if (frame.type !== "conversation.read" && frame.type !== "conversation.draft") void catchUp(id);
    listsChanged();
  });
}

/** Calls and voicemails stand in the timeline of whom they were with, which their event does not name. */
for (const prefix of ["call_log.", "voicemail."]) {
  onFrame(prefix, () => {
    for (const query of queries.getQueryCache().findAll({ queryKey: ["timeline"], type: "active" })) {
      void catchUp(String(query.queryKey[1]));
    }
  });
}
