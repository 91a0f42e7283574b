/** What somebody is writing: kept here at once, and a moment later by the engine for their other screens. */
import { api, type Conversation, ok } from "./api";
import { withStore } from "./store";

const SYNC_AFTER_MS = 1_200;
type Draft = { text: string; at: string };

const known = new Map<string, Draft>();
const timers = new Map<string, ReturnType<typeof setTimeout>>();

/** The newer of what this browser and the engine have. */
export async function draftOf(conversation: Conversation): Promise<string> {
  const here =
    known.get(conversation.id) ?? (await withStore((store) => store.get("drafts", conversation.id)));
  const there = conversation.draft;
  if (there?.at && (!here || there.at > here.at)) return there.text;
  return here?.text ?? "";
}

export function saveDraft(conversationId: string, text: string): void {
  const draft = { text, at: new Date().toISOString() };
  known.set(conversationId, draft);
  void withStore((store) => store.put("drafts", { conversation: conversationId, ...draft }));
  clearTimeout(timers.get(conversationId));
  timers.set(
    conversationId,
    setTimeout(() => void sync(conversationId), SYNC_AFTER_MS),
  );
}

/** It was sent: the engine has taken the draft away in the same moment. */
export function dropDraft(conversationId: string): void {
  clearTimeout(timers.get(conversationId));
  const draft = { text: "", at: new Date().toISOString() };
  known.set(conversationId, draft);
  void withStore((store) => store.put("drafts", { conversation: conversationId, ...draft }));
}

async function sync(conversationId: string): Promise<void> {
  const draft = known.get(conversationId);
  if (draft === undefined) return;
  try {
    const params = { path: { conversation_id: conversationId } };
    await ok(api.PUT("/v1/conversations/{conversation_id}/draft", { params, body: draft }));
  } catch {
    // It is kept here; the next change or the next page brings it there.
  }
}
