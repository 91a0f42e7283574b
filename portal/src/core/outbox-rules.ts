/**
 * What waits to be sent, and what may go out by itself: rules without a network or a database.
 *
 * A message is kept here from the moment somebody presses Enter until the engine has it. Its `client_id`
 * is its name in the engine too, so sending it again can never say it twice.
 */

export type OutboxEntry = {
  client_id: string;
  conversation_id: string;
  kind: "chat" | "sms";
  text: string;
  reply_to: string | null;
  attachment_ids: string[];
  /** When it was written, in ms. */
  written_at: number;
  /**
   * waiting: goes out as soon as it can. sending: on its way. asking: a text that waited so long that a
   * person decides. failed: the engine refused; `problem` says why.
   */
  state: "waiting" | "sending" | "asking" | "failed";
  problem?: { code: string; text: string; retryable: boolean };
};

/** A text that is older than this is not sent without asking: what was true then may embarrass now. */
export const ASK_AFTER_MS = 5 * 60_000;

/** What becomes of an entry before a try. */
export function beforeTry(entry: OutboxEntry, now: number): OutboxEntry {
  if (entry.state === "waiting" && entry.kind === "sms" && now - entry.written_at > ASK_AFTER_MS) {
    return { ...entry, state: "asking" };
  }
  return entry;
}

/** What of a conversation goes next; nothing overtakes a message that waits in the same conversation. */
export function nextToSend(entries: readonly OutboxEntry[]): OutboxEntry | undefined {
  const held = new Set<string>();
  for (const one of [...entries].sort(inOrder)) {
    if (held.has(one.conversation_id)) continue;
    if (one.state === "waiting") return one;
    if (one.state === "sending") held.add(one.conversation_id);
  }
  return undefined;
}

/** After a reload nothing is under way; what was is tried again, which cannot send it twice. */
export function afterReload(entries: readonly OutboxEntry[]): OutboxEntry[] {
  return entries.map((one) => (one.state === "sending" ? { ...one, state: "waiting" } : one));
}

/** By when they were written; ids of the same moment keep their order because they grow. */
export function inOrder(a: OutboxEntry, b: OutboxEntry): number {
  return a.written_at - b.written_at || (a.client_id < b.client_id ? -1 : 1);
}

/** An id that grows with time. Source: RFC 9562 §5.7 (UUIDv7). */
export function newClientId(now = Date.now()): string {
  const octets = crypto.getRandomValues(new Uint8Array(16));
  for (let at = 0; at < 6; at += 1) octets[at] = Math.floor(now / 2 ** (8 * (5 - at))) % 256;
  octets[6] = 0x70 | ((octets[6] ?? 0) & 0x0f);
  octets[8] = 0x80 | ((octets[8] ?? 0) & 0x3f);
  const hex = [...octets].map((one) => one.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
