/** The cache of what the engine said, and the keys it is kept under. */
import { notifyManager, type Query, QueryClient, type QueryKey } from "@tanstack/react-query";
import { ApiProblem } from "./api";

// Before the event that changed something is over: behind a timer, a switch would spring back for a moment.
notifyManager.setScheduler(queueMicrotask);

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Events say when something changed; asking again by the clock would only hide a missing event.
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: 30 * 60_000,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      networkMode: "always",
      retry: (failures, error) => failures < 2 && !(error instanceof ApiProblem && !error.retryable),
      retryDelay: (failures) => 400 * 2 ** failures,
    },
    mutations: { networkMode: "always", retry: false },
  },
});

/** Questions on their way whose answer may be older than what an event has said since. */
const overtaken = new Set<string>();

const isOnItsWay = (query: Query): boolean => query.state.fetchStatus === "fetching";

queries.getQueryCache().subscribe((event) => {
  if (event.type !== "updated" || event.action.type !== "success" || event.action.manual) return;
  if (!overtaken.delete(event.query.queryHash)) return;
  void queries.invalidateQueries({ queryKey: event.query.queryKey, exact: true });
});

/** An event changed what is kept under this key: have an answer that is on its way asked for again. */
export function overtake(queryKey: QueryKey): void {
  for (const one of queries.getQueryCache().findAll({ queryKey, predicate: isOnItsWay })) {
    overtaken.add(one.queryHash);
  }
}

/**
 * Have what is kept under this key, or all of it, read anew where it is shown.
 *
 * What is being read for the first time is read once more afterwards, since its answer may be older than
 * the wish; invalidating alone would take that answer for a new one.
 */
export async function renew(queryKey: QueryKey = []): Promise<void> {
  const first = (query: Query) => isOnItsWay(query) && query.state.data === undefined;
  for (const one of queries.getQueryCache().findAll({ queryKey, predicate: first })) {
    overtaken.add(one.queryHash);
  }
  await queries.invalidateQueries({ queryKey });
}

export const keys = {
  me: ["me"] as const,
  presence: ["presence"] as const,
  contacts: ["contacts"] as const,
  conversations: ["conversations"] as const,
  conversation: (id: string) => ["conversation", id] as const,
  timeline: (id: string) => ["timeline", id] as const,
  unread: ["unread"] as const,
  call: (id: string) => ["call", id] as const,
  quickReplies: ["quick-replies"] as const,
};
