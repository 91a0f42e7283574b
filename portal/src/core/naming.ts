/** What conversations, people and numbers are called. */
import type { Conversation } from "./api";
import { listText, t } from "./i18n";
import { usePresences } from "./people";

/** A number as people of its country group it, where that is easy to know; else as it is. */
export function numberShown(number: string): string {
  const nanp = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number);
  return nanp === null ? number : `+1\u00a0${nanp[1]}-${nanp[2]}-${nanp[3]}`;
}

export const peerName = (one: { name: string | null; number: string }): string =>
  one.name ?? numberShown(one.number);

/** The others in it, or the name that somebody gave it. */
export function conversationTitle(conversation: Conversation, myId: string): string {
  if (conversation.name) return conversation.name;
  const names = others(conversation, myId).map((one) => one.name);
  if (names.length === 0) return t("timeline.you");
  return listText(names);
}

/** Somebody else in a conversation; `dial` is what a call to them dials, empty for a user that was deleted. */
export type Other = { key: string; name: string; userId: string | null; dial: string };

/** Everybody in it but oneself. */
export function others(conversation: Conversation, myId: string): Other[] {
  if (conversation.kind === "chat") {
    return conversation.members
      .filter((one) => one.user_id !== myId)
      .map((one) => ({
        key: one.user_id,
        name: one.name || one.extension,
        userId: one.user_id,
        dial: one.extension,
      }));
  }
  return conversation.contacts.map((one) => ({
    key: one.contact_id ?? one.number,
    name: peerName(one),
    userId: null,
    dial: one.number,
  }));
}

/** The one other person, where there is just one. */
export function counterpart(conversation: Conversation, myId: string): Other | undefined {
  const [one, ...more] = others(conversation, myId);
  return more.length > 0 ? undefined : one;
}

/** A user's name, wherever it is known from. */
export function userName(
  userId: string | null,
  conversation: Conversation | undefined,
  myId: string,
): string {
  if (userId === null) return t("timeline.somebody");
  if (userId === myId) return t("timeline.you");
  const member = conversation?.members.find((one) => one.user_id === userId);
  const known = member?.name || usePresences.getState().users.get(userId)?.display_name;
  return known || member?.extension || t("timeline.somebody");
}
