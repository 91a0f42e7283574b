/** From a few typed letters, or one key, to a conversation. */
import { useQuery } from "@tanstack/react-query";
import { api, type Conversation, ok } from "./api";
import { t } from "./i18n";
import { conversationTitle, others } from "./naming";
import { useSettled } from "./outlook";
import { folded, hitPersons, type Person } from "./people";
import { explain } from "./problems";
import { keys } from "./queries";
import { toast } from "./toasts";
import { openConversation, useWindows } from "./windows";

export type Goal =
  | { key: string; kind: "conversation"; name: string; conversation: Conversation }
  | { key: string; kind: "person"; name: string; person: Person };

/** So many of the latest conversations are looked through here; people are found by the engine. */
const LATEST = 100;
const MOST_CONVERSATIONS = 7;
const MOST_PEOPLE = 8;

/** Where one can go: what waits and the latest first while nothing is typed. */
export function useGoals(
  typed: string,
  myId: string,
): { goals: Goal[]; settled: boolean; error: Error | null } {
  const query = useSettled(typed.trim(), 120);
  const latest = useQuery({
    queryKey: [...keys.conversations, "switcher"],
    queryFn: ({ signal }) =>
      ok(api.GET("/v1/conversations", { params: { query: { mine: true, limit: LATEST } }, signal })),
  });
  const found = useQuery({
    queryKey: ["directory", query, 12],
    enabled: query !== "",
    staleTime: 30_000,
    gcTime: 60_000,
    queryFn: ({ signal }) =>
      ok(api.GET("/v1/directory", { params: { query: { q: query, limit: 12 } }, signal })),
  });
  const people = query === "" ? [] : (found.data?.items ?? []).flatMap(hitPersons);
  return {
    goals: goalsOf(typed.trim(), latest.data?.items ?? [], people, myId),
    settled: query === typed.trim() && !latest.isPending && !(query !== "" && found.isPending),
    error: latest.error ?? (query === "" ? null : found.error),
  };
}

/** Conversations by their name and who is in them, then people there is no conversation of two with among them. */
export function goalsOf(
  query: string,
  latest: readonly Conversation[],
  people: readonly Person[],
  myId: string,
): Goal[] {
  const waits = (one: Conversation) => Number(one.unread > 0 || one.marked_unread);
  const hits =
    query === ""
      ? [...latest].sort((a, b) => waits(b) - waits(a))
      : latest.filter((one) => begins(wordsOf(one, myId), query));
  const shown = hits.slice(0, MOST_CONVERSATIONS);
  const reached = new Set(shown.flatMap((one) => aloneWith(one, myId)));
  const rest = people.filter(
    (one) => one.target !== null && one.userId !== myId && !reached.has(one.userId ?? one.number ?? one.key),
  );
  return [
    ...shown.map((one) => ({
      key: one.id,
      kind: "conversation" as const,
      name: conversationTitle(one, myId),
      conversation: one,
    })),
    ...rest
      .slice(0, MOST_PEOPLE)
      .map((one) => ({ key: one.key, kind: "person" as const, name: one.name, person: one })),
  ];
}

/** Whom a conversation of two is with, as a person is known: by user, else by number. */
function aloneWith(one: Conversation, myId: string): string[] {
  const [other, ...more] = others(one, myId);
  return other === undefined || more.length > 0 ? [] : [other.userId ?? other.dial];
}

function wordsOf(one: Conversation, myId: string): string {
  return [one.name ?? "", ...others(one, myId).flatMap((other) => [other.name, other.dial])].join(" ");
}

/** Whether every word that was typed begins one of these. */
function begins(text: string, query: string): boolean {
  const words = folded(text).split(/[\s.,_-]+/);
  return folded(query)
    .split(/\s+/)
    .every((wanted) => words.some((word) => word.startsWith(wanted)));
}

/** Open the conversation that waits to be read, the latest first; not the one that is looked at, if there is another. */
export async function openNextUnread(): Promise<void> {
  try {
    const query = { unread: true, mine: true, limit: 20 };
    const { items } = await ok(api.GET("/v1/conversations", { params: { query } }));
    const { windows, focus } = useWindows.getState();
    const here = windows.find((one) => one.key === focus?.key && !one.minimised)?.conversationId;
    const next = items.find((one) => one.id !== here) ?? items[0];
    if (next === undefined) toast(t("keys.nothing_unread"));
    else openConversation(next.id);
  } catch (error) {
    toast(explain(error), { bad: true });
  }
}
