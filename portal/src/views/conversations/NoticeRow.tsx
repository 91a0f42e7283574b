import { Info, PhoneIncoming, PhoneMissed, PhoneOutgoing, Voicemail } from "lucide-react";
import type { Conversation, TimelineItem } from "../../core/api";
import { clockText, hasKey, type Key, listText, t } from "../../core/i18n";
import { counterpart, peerName, userName } from "../../core/naming";
import { useMe } from "../../core/session";
import styles from "./Message.module.css";

/** What happened to the conversation, and the calls and voicemails between the two. */
export function NoticeRow({ item, conversation }: { item: TimelineItem; conversation: Conversation }) {
  const { user } = useMe();
  const [icon, text] = item.call
    ? callText(item.call, conversation, user.id)
    : item.type === "voicemail"
      ? ([
          <Voicemail key="i" size={15} aria-hidden="true" />,
          t("notice.voicemail", { whom: other(conversation, user.id) }),
        ] as const)
      : ([<Info key="i" size={15} aria-hidden="true" />, noticeText(item, conversation, user.id)] as const);
  return (
    <p className={styles.notice} data-testid="notice">
      {icon}
      <span dir="auto">{text}</span>
      <time dateTime={item.at}>{clockText(item.at)}</time>
    </p>
  );
}

function other(conversation: Conversation, myId: string): string {
  return counterpart(conversation, myId)?.name ?? t("timeline.somebody");
}

function callText(call: NonNullable<TimelineItem["call"]>, conversation: Conversation, myId: string) {
  const values = { who: t("timeline.you"), whom: other(conversation, myId), result: resultText(call.result) };
  if (call.direction === "outbound") {
    return [<PhoneOutgoing key="i" size={15} aria-hidden="true" />, t("notice.call_out", values)] as const;
  }
  const missed = call.result === "missed" || call.result === "busy";
  const icon = missed ? (
    <PhoneMissed key="i" size={15} aria-hidden="true" />
  ) : (
    <PhoneIncoming key="i" size={15} aria-hidden="true" />
  );
  return [icon, t("notice.call_in", values)] as const;
}

function resultText(result: string): string {
  const key = `result.${result}`;
  return hasKey(key) ? t(key) : result;
}

function noticeText(item: TimelineItem, conversation: Conversation, myId: string): string {
  const { notice } = item;
  if (notice === null) return t("notice.other");
  const data = notice.data as {
    user_id?: string;
    number?: string;
    name?: string | null;
    numbers?: string[];
    user_ids?: string[];
  };
  const people = [...(data.user_ids ?? []), ...(data.user_id ? [data.user_id] : [])];
  const numbers = [...(data.numbers ?? []), ...(data.number ? [data.number] : [])];
  const known = (number: string) =>
    peerName(conversation.contacts.find((one) => one.number === number) ?? { name: null, number });
  const whom = listText([...people.map((one) => userName(one, conversation, myId)), ...numbers.map(known)]);
  const key: Key | string =
    notice.kind === "renamed" && !data.name ? "notice.unnamed" : `notice.${notice.kind}`;
  if (!hasKey(key)) return t("notice.other");
  return t(key, { who: userName(notice.user_id, conversation, myId), whom, name: data.name ?? "" });
}
