/**
 * Things that are done when the note with "Undo" is gone, because the engine knows no way back from them.
 *
 * Until then they look done. A page that is closed meanwhile does them on its way out.
 */
import { create } from "zustand";
import { raw } from "./api";
import { t } from "./i18n";
import { explain } from "./problems";
import { TOAST_MS, toast } from "./toasts";

type Request = { path: string; method: "POST" | "DELETE" };
const waiting = new Map<string, { request: Request; timer: ReturnType<typeof setTimeout> }>();

/** Ids of what looks gone already. */
export const useGone = create<{ ids: ReadonlySet<string> }>(() => ({ ids: new Set() }));

function gone(id: string, is: boolean): void {
  const ids = new Set(useGone.getState().ids);
  if (is) ids.add(id);
  else ids.delete(id);
  useGone.setState({ ids });
}

/** Do it in ten seconds, unless somebody thinks better of it. `said` is what the note says. */
export function soon(id: string, request: Request, said: string): void {
  if (waiting.has(id)) return;
  gone(id, true);
  const timer = setTimeout(() => void go(id), TOAST_MS);
  waiting.set(id, { request, timer });
  const undo = () => {
    clearTimeout(timer);
    if (waiting.delete(id)) gone(id, false);
  };
  toast(said, { action: { label: t("action.undo"), run: undo } });
}

async function go(id: string): Promise<void> {
  const one = waiting.get(id);
  if (one === undefined) return;
  waiting.delete(id);
  try {
    await raw(one.request.path, { method: one.request.method });
  } catch (error) {
    gone(id, false);
    toast(explain(error), { bad: true });
  }
}

addEventListener("pagehide", () => {
  for (const { request, timer } of waiting.values()) {
    clearTimeout(timer);
    void raw(request.path, { method: request.method, keepalive: true }).catch(() => undefined);
  }
  waiting.clear();
});
