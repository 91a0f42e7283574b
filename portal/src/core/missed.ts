/** What somebody missed while they were away: voicemails, chats, texts, calls. */
import { useQuery } from "@tanstack/react-query";
import { create } from "zustand";
import { api, ok, type Schemas } from "./api";
import { onFrame } from "./live";
import { renew } from "./queries";

export type Missed = Schemas["MissedResource"];
const MISSED = ["missed"] as const;

export function useMissed() {
  return useQuery({
    queryKey: MISSED,
    queryFn: () => ok(api.GET("/v1/me/missed", { params: { query: { limit: 5 } } })),
  });
}

let due: ReturnType<typeof setTimeout> | undefined;

/** Counted anew a moment later, once for a burst. */
export function missedChanged(): void {
  if (due !== undefined) return;
  due = setTimeout(() => {
    due = undefined;
    void renew(MISSED);
  }, 300);
}

for (const prefix of ["message.", "conversation.", "voicemail.", "call_log."]) onFrame(prefix, missedChanged);

/** What waits on the page of messages: voicemails, and conversations with something unread. */
export const waitingMessages = ({ voicemails, chats, texts }: Missed): number =>
  voicemails.count + chats.conversations + texts.conversations;

/** When the newest of it happened, in ms since the epoch; 0 where nothing was missed. */
export function newestMs(missed: Missed): number {
  const times = [
    ...missed.chats.items.map((one) => one.last_message_at),
    ...missed.texts.items.map((one) => one.last_message_at),
    ...missed.voicemails.items.map((one) => one.received_at),
    ...missed.missed_calls.items.map((one) => one.started_at),
  ];
  return times.reduce((newest, one) => Math.max(newest, Date.parse(one)), 0);
}

const STORED = "ringback.missed.";
export const useDismissed = create<{ until: Record<string, number> }>(() => ({ until: {} }));

/** Up to when somebody has seen what they missed, in this browser. */
export function dismissedMs(until: Record<string, number>, userId: string): number {
  return until[userId] ?? Number(localStorage.getItem(STORED + userId) ?? 0);
}

export function dismissMissed(userId: string, missed: Missed): void {
  const ms = newestMs(missed);
  localStorage.setItem(STORED + userId, String(ms));
  useDismissed.setState(({ until }) => ({ until: { ...until, [userId]: ms } }));
}
