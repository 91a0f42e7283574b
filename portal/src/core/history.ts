/**
 * The whole past of a conversation, from its end or from somewhere in it, read on in both directions.
 *
 * What is loaded has no gaps. News is read behind the newest item once the end has been reached.
 */
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { api, type Message, ok, type TimelineItem, type TimelinePage } from "./api";
import { onFrame, onRefresh } from "./live";

export type Past = {
  /** Oldest first. */
  items: readonly TimelineItem[];
  older: string | null;
  newer: string | null;
  /** Whether nothing came after the last item, as far as we were told. */
  atEnd: boolean;
};

export const NOTHING: Past = { items: [], older: null, newer: null, atEnd: false };
const PAGE = 60;
const JUMP_PAGE = 200;
/** Further back than this many pages nobody is taken in one go. */
const MOST_PAGES = 100;

const oldestFirst = (page: TimelinePage): TimelineItem[] => [...page.items].reverse();

/** What a first page begins; `whole` says that it reaches to the end. */
export function begun(page: TimelinePage, whole: boolean): Past {
  return { items: oldestFirst(page), older: page.next_cursor, newer: page.newer_cursor, atEnd: whole };
}

export function withOlder(past: Past, page: TimelinePage): Past {
  return { ...past, items: [...oldestFirst(page), ...past.items], older: page.next_cursor };
}

/** limit: how many were asked for; fewer means that there are no more. */
export function withNewer(past: Past, page: TimelinePage, limit = PAGE): Past {
  const known = new Set(past.items.map((one) => one.id));
  const fresh = oldestFirst(page).filter((one) => !known.has(one.id));
  return {
    ...past,
    items: [...past.items, ...fresh],
    newer: page.newer_cursor ?? past.newer,
    atEnd: page.items.length < limit,
  };
}

export function withMessage(past: Past, message: Message): Past {
  if (!past.items.some((one) => one.id === message.id)) return past;
  return { ...past, items: past.items.map((one) => (one.id === message.id ? { ...one, message } : one)) };
}

/** An answer to what was asked before these messages were told of. */
function withTold(page: TimelinePage, told: ReadonlyMap<string, Message>): TimelinePage {
  if (told.size === 0) return page;
  return { ...page, items: page.items.map((one) => ({ ...one, message: told.get(one.id) ?? one.message })) };
}

/** Where in it the day begins, or what came first after it; -1 where nothing did. */
export function indexOfDay(items: readonly TimelineItem[], dayMs: number): number {
  return items.findIndex((one) => Date.parse(one.at) >= dayMs);
}

export type Sort = "all" | "messages" | "calls" | "voicemails" | "files";
const CHOSEN = {
  messages: { type: "message" },
  calls: { type: "call" },
  voicemails: { type: "voicemail" },
  files: { has_attachment: true },
} as const;

/** Where reading begins: around a message, at a day (its first ms), or at the end. */
export type Start = { message: string } | { dayMs: number } | undefined;

export type Asked = { limit: number; cursor?: string; around?: string; after?: string; atMs?: number };

function ask(id: string, sort: Sort, { atMs, ...query }: Asked): Promise<TimelinePage> {
  const path = { conversation_id: id };
  if (sort !== "all") {
    const chosen = { limit: query.limit, ...(query.cursor ? { cursor: query.cursor } : {}), ...CHOSEN[sort] };
    return ok(api.GET("/v1/conversations/{conversation_id}/history", { params: { path, query: chosen } }));
  }
  if (atMs !== undefined) {
    const around = { at: new Date(atMs).toISOString(), limit: query.limit };
    return ok(
      api.GET("/v1/conversations/{conversation_id}/timeline:at", { params: { path, query: around } }),
    );
  }
  return ok(api.GET("/v1/conversations/{conversation_id}/timeline", { params: { path, query } }));
}

export type Reading = {
  past: Past;
  state: "loading" | "ready" | "failed";
  error: unknown;
  reading: "older" | "newer" | "jump" | undefined;
};

/**
 * Reads the past piece by piece, one request at a time, and keeps it true while events come in.
 *
 * forwards: whether one can read on behind a position; what is chosen can only be read from its end.
 */
export class PastReader {
  readonly #ask: (asked: Asked) => Promise<TimelinePage>;
  readonly #start: Start;
  readonly #forwards: boolean;
  readonly #listeners = new Set<() => void>();
  /** Messages told of while a request was on its way, whose answer must not undo them. */
  readonly #told = new Map<string, Message>();
  #now: Reading = { past: NOTHING, state: "loading", error: undefined, reading: undefined };
  #busy = false;
  #more = false;

  constructor(ask: (asked: Asked) => Promise<TimelinePage>, start: Start, forwards: boolean) {
    this.#ask = ask;
    this.#start = start;
    this.#forwards = forwards;
  }

  readonly now = (): Reading => this.#now;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly begin = async (): Promise<void> => {
    if (this.#busy) return;
    const around = this.#forwards ? this.#start : undefined;
    const where =
      around === undefined ? {} : "message" in around ? { around: around.message } : { atMs: around.dayMs };
    this.#set({ state: "loading" });
    await this.#alone(undefined, async () => {
      try {
        const page = await this.#page({ limit: PAGE, ...where });
        this.#set({ past: begun(page, around === undefined), state: "ready" });
      } catch (error) {
        this.#set({ error, state: "failed" });
      }
    });
  };

  readonly older = async (): Promise<void> => {
    const { older: cursor } = this.#now.past;
    if (cursor === null) return;
    await this.#alone("older", async () => {
      const page = await this.#page({ limit: PAGE, cursor });
      this.#set({ past: withOlder(this.#now.past, page) });
    }).catch(() => undefined); // the next scroll tries again
  };

  readonly newer = async (): Promise<void> => {
    const { newer: after } = this.#now.past;
    if (after === null) return this.begin();
    await this.#alone("newer", async () => {
      const page = await this.#page({ limit: PAGE, after });
      this.#set({ past: withNewer(this.#now.past, page, this.#forwards ? PAGE : PAGE + 1) });
    }).catch(() => undefined); // the next news or scroll tries again
  };

  /** Read back until this moment is loaded. Raises what the request raised. */
  readonly backTo = async (ms: number): Promise<void> => {
    await this.#alone("jump", async () => {
      let gone = this.#now.past;
      for (let pages = 0; pages < MOST_PAGES; pages += 1) {
        const first = gone.items[0];
        if (gone.older === null || (first !== undefined && Date.parse(first.at) < ms)) break;
        gone = withOlder(gone, await this.#page({ limit: JUMP_PAGE, cursor: gone.older }));
      }
      for (const message of this.#told.values()) gone = withMessage(gone, message);
      this.#set({ past: gone });
    });
  };

  /** Something may have come behind the newest item. */
  readonly news = (): void => {
    if (this.#busy) this.#more = true;
    else if (this.#now.past.atEnd) void this.newer();
  };

  readonly told = (message: Message): void => {
    if (this.#busy) this.#told.set(message.id, message);
    const past = withMessage(this.#now.past, message);
    if (past !== this.#now.past) this.#set({ past });
  };

  async #page(asked: Asked): Promise<TimelinePage> {
    return withTold(await this.#ask(asked), this.#told);
  }

  /** Do this unless something is being read already; what was told of meanwhile is read after it. */
  async #alone(reading: Reading["reading"], work: () => Promise<void>): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.#set({ reading });
    try {
      await work();
    } finally {
      this.#busy = false;
      this.#told.clear();
      this.#set({ reading: undefined });
      if (this.#more) {
        this.#more = false;
        this.news();
      }
    }
  }

  #set(part: Partial<Reading>): void {
    this.#now = { ...this.#now, ...part };
    for (const one of this.#listeners) one();
  }
}

export type History = Reading & Pick<PastReader, "older" | "newer" | "backTo"> & { again: () => void };

/** message: what it begins around; dayMs: the day it begins at; the end where there is neither. */
export function useHistory(id: string, message: string | null, dayMs: number | null, sort: Sort): History {
  const reader = useMemo(() => {
    const start = dayMs !== null ? { dayMs } : message !== null ? { message } : undefined;
    return new PastReader((asked) => ask(id, sort, asked), start, sort === "all");
  }, [id, message, dayMs, sort]);
  const reading = useSyncExternalStore(reader.subscribe, reader.now);

  useEffect(() => {
    void reader.begin();
    const { news } = reader;
    const stops = [
      onFrame("message.", (frame) => {
        const told = frame.message as Message | undefined;
        const about = told?.conversation_id ?? (frame.data as { conversation_id?: string })?.conversation_id;
        if (about !== id) return;
        if (told !== undefined) reader.told(told);
        if (frame.type === "message.created") news();
      }),
      onFrame("conversation.updated", (frame) => (frame.subject === id ? news() : undefined)),
      onFrame("member.", (frame) => (frame.subject === id ? news() : undefined)),
      onFrame("call_log.", news),
      onFrame("voicemail.created", news),
      onRefresh(news),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [id, reader]);

  const { older, newer, backTo, begin } = reader;
  return { ...reading, older, newer, backTo, again: begin };
}
