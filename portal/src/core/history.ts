/**
 * The whole past of a conversation, from its end or from somewhere in it, read on in both directions.
 *
 * What is loaded has no gaps. News is read behind the newest item once the end has been reached.
 */
import { useCallback, useEffect, useRef, useState } from "react";
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

type Query = { limit: number; cursor?: string; around?: string; after?: string };

function read(id: string, sort: Sort, query: Query): Promise<TimelinePage> {
  const path = { conversation_id: id };
  if (sort === "all") {
    return ok(api.GET("/v1/conversations/{conversation_id}/timeline", { params: { path, query } }));
  }
  const chosen = { limit: query.limit, ...(query.cursor ? { cursor: query.cursor } : {}), ...CHOSEN[sort] };
  return ok(api.GET("/v1/conversations/{conversation_id}/history", { params: { path, query: chosen } }));
}

export type History = {
  past: Past;
  state: "loading" | "ready" | "failed";
  error: unknown;
  reading: "older" | "newer" | "jump" | undefined;
  older: () => Promise<void>;
  newer: () => Promise<void>;
  /** Read back until this moment is loaded. */
  backTo: (ms: number) => Promise<void>;
  again: () => void;
};

/** at: the message it begins around; the end where there is none. */
export function useHistory(id: string, at: string | null, sort: Sort): History {
  const [past, setPast] = useState<Past>(NOTHING);
  const [state, setState] = useState<History["state"]>("loading");
  const [error, setError] = useState<unknown>();
  const [reading, setReading] = useState<History["reading"]>();
  const [turn, setTurn] = useState(0);
  const now = useRef(past);
  now.current = past;
  const busy = useRef(false);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a turn is a wish to read it anew
  useEffect(() => {
    let wanted = true;
    setState("loading");
    const around = at && sort === "all" ? { around: at } : {};
    read(id, sort, { limit: PAGE, ...around }).then(
      (page) => {
        if (!wanted) return;
        setPast(begun(page, !("around" in around)));
        setState("ready");
      },
      (problem: unknown) => {
        if (!wanted) return;
        setError(problem);
        setState("failed");
      },
    );
    return () => {
      wanted = false;
    };
  }, [id, at, sort, turn]);

  const older = useCallback(async () => {
    const { older: cursor } = now.current;
    if (cursor === null || busy.current) return;
    busy.current = true;
    setReading("older");
    try {
      const page = await read(id, sort, { limit: PAGE, cursor });
      setPast((one) => withOlder(one, page));
    } catch {
      // The next scroll tries again.
    } finally {
      busy.current = false;
      setReading(undefined);
    }
  }, [id, sort]);

  const newer = useCallback(async () => {
    const { newer: after } = now.current;
    if (busy.current) return;
    if (after === null) {
      setTurn((one) => one + 1);
      return;
    }
    busy.current = true;
    setReading("newer");
    try {
      const page = await read(id, sort, { limit: PAGE, after });
      // What is chosen is read from its end: there is no reading on behind a position.
      setPast((one) => withNewer(one, page, sort === "all" ? PAGE : PAGE + 1));
    } catch {
      // The next news or scroll tries again.
    } finally {
      busy.current = false;
      setReading(undefined);
    }
  }, [id, sort]);

  const backTo = useCallback(
    async (ms: number) => {
      if (busy.current) return;
      busy.current = true;
      setReading("jump");
      try {
        let gone = now.current;
        for (let pages = 0; pages < MOST_PAGES; pages += 1) {
          const first = gone.items[0];
          if (gone.older === null || (first !== undefined && Date.parse(first.at) < ms)) break;
          gone = withOlder(gone, await read(id, sort, { limit: JUMP_PAGE, cursor: gone.older }));
        }
        setPast(gone);
      } finally {
        busy.current = false;
        setReading(undefined);
      }
    },
    [id, sort],
  );

  useEffect(() => {
    const news = () => {
      if (now.current.atEnd) void newer();
    };
    const stops = [
      onFrame("message.", (frame) => {
        const message = frame.message as Message | undefined;
        const about =
          message?.conversation_id ?? (frame.data as { conversation_id?: string })?.conversation_id;
        if (about !== id) return;
        if (message !== undefined) setPast((one) => withMessage(one, message));
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
  }, [id, newer]);

  return { past, state, error, reading, older, newer, backTo, again: () => setTurn((one) => one + 1) };
}
