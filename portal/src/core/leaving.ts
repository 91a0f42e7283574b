/**
 * Leaving a conversation, with time to think again.
 *
 * Nobody can bring themselves back into a chat, so the engine is told only when the note with "Undo" is
 * gone; a page that is closed meanwhile tells it on its way out.
 */
import { api, ok, raw } from "./api";
import { t } from "./i18n";
import { explain } from "./problems";
import { TOAST_MS, toast } from "./toasts";
import { openConversation } from "./windows";

const leaving = new Map<string, ReturnType<typeof setTimeout>>();

export function leaveSoon(id: string): void {
  if (leaving.has(id)) return;
  leaving.set(
    id,
    setTimeout(() => void leave(id), TOAST_MS),
  );
  toast(t("more.left"), { action: { label: t("action.undo"), run: () => stay(id) } });
}

function stay(id: string): void {
  clearTimeout(leaving.get(id));
  leaving.delete(id);
  openConversation(id);
}

async function leave(id: string): Promise<void> {
  leaving.delete(id);
  try {
    const params = { path: { conversation_id: id } };
    await ok(api.POST("/v1/conversations/{conversation_id}:leave", { params }));
  } catch (error) {
    toast(explain(error), { bad: true });
  }
}

addEventListener("pagehide", () => {
  for (const [id, timer] of leaving) {
    clearTimeout(timer);
    void raw(`/v1/conversations/${id}:leave`, { method: "POST", keepalive: true }).catch(() => undefined);
  }
  leaving.clear();
});
