/**
 * Sends what was written: kept first, then sent, and tried again until the engine has it or refuses it.
 *
 * One tab of a browser sends at a time (a Web Lock decides which), and the `client_id` makes a second try
 * harmless. The rules are in `outbox-rules.ts`.
 */
import { create } from "zustand";
import { ApiProblem, api, type Message, ok, Unreachable } from "./api";
import { onUp } from "./live";
import { afterReload, beforeTry, inOrder, nextToSend, type OutboxEntry } from "./outbox-rules";
import { withStore } from "./store";

export const useOutbox = create<{ entries: readonly OutboxEntry[] }>(() => ({ entries: [] }));

const RETRY_MS = 4_000;
const channel = new BroadcastChannel("ringback.outbox");
let running = false;
let again: ReturnType<typeof setTimeout> | undefined;
/** What becomes of a message the engine has taken; conversations.ts puts it on the timeline. */
let accepted: (message: Message) => void = () => undefined;

export function onAccepted(listener: (message: Message) => void): void {
  accepted = listener;
}

/** Read what an earlier page left, and begin to send. */
export async function openOutbox(): Promise<void> {
  const kept = (await withStore((store) => store.getAll("outbox"))) ?? [];
  show(afterReload(kept));
  void flush();
}

export function closeOutbox(): void {
  clearTimeout(again);
  show([]);
}

/** Keep a message and send it as soon as that can be. */
export async function post(entry: OutboxEntry): Promise<void> {
  show([...entries(), entry]);
  await withStore((store) => store.put("outbox", entry));
  void flush();
}

/** Send again what failed or was asked about; as if written now, since somebody has just said so. */
export function retry(clientId: string): void {
  change(clientId, (one) => {
    const { problem: _, ...rest } = one;
    return { ...rest, state: "waiting", written_at: one.state === "asking" ? Date.now() : one.written_at };
  });
  void flush();
}

export function discard(clientId: string): void {
  show(entries().filter((one) => one.client_id !== clientId));
  void withStore((store) => store.delete("outbox", clientId)).then(() => channel.postMessage("changed"));
}

/** The engine has it: on the socket, often before the request was answered. */
export function sentMessage(message: Message): void {
  const id = message.client_id;
  if (id !== null && entries().some((one) => one.client_id === id)) discard(id);
}

async function flush(): Promise<void> {
  if (running) return;
  running = true;
  clearTimeout(again);
  try {
    await navigator.locks.request("ringback.outbox", async () => {
      let next = dueNow();
      while (next !== undefined && (await send(next))) next = dueNow();
    });
  } finally {
    running = false;
  }
  if (nextToSend(entries()) !== undefined) again = setTimeout(() => void flush(), RETRY_MS);
}

function dueNow(): OutboxEntry | undefined {
  const now = Date.now();
  for (const one of entries()) {
    const decided = beforeTry(one, now);
    if (decided !== one) change(one.client_id, () => decided);
  }
  return nextToSend(entries());
}

/** Whether to go on with the next one. */
async function send(entry: OutboxEntry): Promise<boolean> {
  change(entry.client_id, (one) => ({ ...one, state: "sending" }));
  const body = {
    text: entry.text,
    client_id: entry.client_id,
    ...(entry.reply_to ? { reply_to: entry.reply_to } : {}),
    ...(entry.attachment_ids.length > 0 ? { attachment_ids: entry.attachment_ids } : {}),
  };
  try {
    const message = await ok(
      api.POST("/v1/conversations/{conversation_id}/messages", {
        params: { path: { conversation_id: entry.conversation_id } },
        body,
        headers: { "Idempotency-Key": entry.client_id },
        signal: AbortSignal.timeout(20_000),
      }),
    );
    accepted(message);
    discard(entry.client_id);
    return true;
  } catch (error) {
    if (error instanceof ApiProblem && !error.retryable && error.status !== 401) {
      const problem = { code: error.code, text: error.message, retryable: false };
      change(entry.client_id, (one) => ({ ...one, state: "failed", problem }));
      return true;
    }
    if (
      !(error instanceof Unreachable) &&
      !(error instanceof ApiProblem) &&
      !(error instanceof DOMException)
    ) {
      throw error;
    }
    change(entry.client_id, (one) => ({ ...one, state: "waiting" }));
    return false;
  }
}

function entries(): readonly OutboxEntry[] {
  return useOutbox.getState().entries;
}

function show(next: readonly OutboxEntry[]): void {
  useOutbox.setState({ entries: [...next].sort(inOrder) });
}

function change(clientId: string, how: (one: OutboxEntry) => OutboxEntry): void {
  let changed: OutboxEntry | undefined;
  show(
    entries().map((one) => {
      if (one.client_id !== clientId) return one;
      changed = how(one);
      return changed;
    }),
  );
  const kept = changed;
  if (kept === undefined) return;
  void withStore((store) => store.put("outbox", kept)).then(() => channel.postMessage("changed"));
}

// Another tab has sent, taken away or decided something; this one shows the same.
channel.onmessage = async () => {
  if (running) return;
  const kept = await withStore((store) => store.getAll("outbox"));
  if (kept !== undefined && !running) show(kept);
};

onUp(() => void flush());
addEventListener("online", () => void flush());
