/** Lists that come in pages, as queries that read on when the end comes near. */
import { type InfiniteData, useInfiniteQuery } from "@tanstack/react-query";

/** How often rows that change without an event are asked for. */
const AGAIN_MS = 2_000;

type PageOf<T> = { items: T[]; next_cursor: string | null };

/** moving: whether a row is about to change without an event that tells of it; then it is asked for again. */
export function usePages<T>(
  queryKey: readonly unknown[],
  read: (query: { limit: number; cursor?: string }, signal: AbortSignal) => Promise<PageOf<T>>,
  { limit = 50, moving }: { limit?: number; moving?: (row: T) => boolean } = {},
) {
  const query = useInfiniteQuery<
    PageOf<T>,
    Error,
    InfiniteData<PageOf<T>>,
    readonly unknown[],
    string | undefined
  >({
    queryKey,
    initialPageParam: undefined,
    queryFn: ({ pageParam, signal }) => read({ limit, ...(pageParam ? { cursor: pageParam } : {}) }, signal),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: ({ state }) =>
      moving !== undefined && state.data?.pages.some(({ items }) => items.some(moving)) ? AGAIN_MS : false,
  });
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  const more =
    query.hasNextPage && !query.isFetchingNextPage && !query.isFetchNextPageError
      ? () => void query.fetchNextPage()
      : undefined;
  return { query, rows, more };
}

/** All of a list that is never long, page after page. */
export async function readAll<T>(
  read: (query: { limit: number; cursor?: string }) => Promise<PageOf<T>>,
): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await read({ limit: 200, ...(cursor ? { cursor } : {}) });
    found.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}
