/**
 * One's own words in a chat, said differently or taken back. Texts have left and stay what they are.
 *
 * What is being rewritten belongs to its window: it is still there after minimising, a reload, and a
 * refusal. How long a message may be changed is the domain's to say, and the engine's to decide.
 */
import { api, type Message, ok, type TimelineItem } from "./api";
import { keepWords, type Pages, timelineItems } from "./conversations";
import { clockText, dateText, t } from "./i18n";
import { useOutbox } from "./outbox";
import { keys, queries } from "./queries";
import { useSession } from "./session";
import { toast } from "./toasts";
import { type ConversationWindow, changeWindow, useWindows } from "./windows";

/** For how long somebody may change what they said, in s; 0 for never. */
export const useEditWithinS = (): number => useSession(editWithinS);

function editWithinS({ session } = useSession.getState()): number {
  return session.state === "in" ? (session.me.domain_settings?.edit_within_s ?? 0) : 0;
}

/** Until when it may be changed, in ms since the epoch. */
export const editableUntilMs = (message: Message, withinS: number): number =>
  Date.parse(message.created_at) + withinS * 1000;

/** That moment in words, as short as it can be without being wrong. */
export function untilText(ms: number, now = Date.now()): string {
  const until = new Date(ms);
  const apart = Math.abs(ms - now);
  if (until.toDateString() === new Date(now).toDateString()) return clockText(until);
  if (apart < 6 * 86_400_000) return dateText(until, { weekday: "long", hour: "numeric", minute: "2-digit" });
  return dateText(until, { dateStyle: "long" });
}

export const isOwn = (message: Message, userId: string): boolean =>
  message.direction === "internal" && message.user_id === userId && message.deleted_at === null;

/** What somebody said last in it; undefined where they said nothing, or took it back. */
export function lastOwn(items: readonly TimelineItem[], userId: string): Message | undefined {
  return items.findLast(({ message }) => message !== null && isOwn(message, userId))?.message ?? undefined;
}

export type Edit = NonNullable<ConversationWindow["edit"]>;

/** from: where the keyboard goes back to afterwards. */
export function beginEdit(windowKey: string, message: Message, from: Edit["from"]): void {
  const same = editIn(windowKey)?.messageId === message.id;
  if (!same) changeWindow(windowKey, { edit: { messageId: message.id, text: message.text, from } });
}

/** Begin to change what somebody said last in a conversation, or say why that cannot be. */
export function editLast(windowKey: string, conversationId: string, userId: string): void {
  const data = queries.getQueryData<Pages>(keys.timeline(conversationId));
  const message = lastOwn(timelineItems(data), userId);
  if (useOutbox.getState().entries.some((one) => one.conversation_id === conversationId)) {
    toast(t("edit.not_sent_yet"));
  } else if (message !== undefined) {
    const until = editableUntilMs(message, editWithinS());
    if (Date.now() < until) beginEdit(windowKey, message, "composer");
    else if (editWithinS() === 0) toast(t("edit.never"));
    else toast(t("edit.was_until", { when: untilText(until) }));
  }
}

export function writeEdit(windowKey: string, text: string): void {
  const edit = editIn(windowKey);
  if (edit) changeWindow(windowKey, { edit: { ...edit, text } });
}

export function endEdit(windowKey: string): void {
  changeWindow(windowKey, { edit: null });
}

function editIn(windowKey: string): Edit | null | undefined {
  return useWindows.getState().windows.find((one) => one.key === windowKey)?.edit;
}

/** Throws ApiProblem (`too_late_to_edit`, `message_deleted`, `text_empty`, ...) or Unreachable. */
export async function saveEdit(message: Message, text: string): Promise<void> {
  const params = { path: { message_id: message.id } };
  keepWords(await ok(api.PATCH("/v1/messages/{message_id}", { params, body: { text } })));
}

/** Throws ApiProblem or Unreachable. Nothing brings it back. */
export async function takeBack(message: Message): Promise<void> {
  const params = { path: { message_id: message.id } };
  keepWords(await ok(api.DELETE("/v1/messages/{message_id}", { params })));
}
