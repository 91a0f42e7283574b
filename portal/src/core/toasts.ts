/** Short notes at the edge of the page, some with a way back. */
import { create } from "zustand";
import { announce } from "./announcer";

export type Toast = { id: number; text: string; bad: boolean; action?: { label: string; run: () => void } };

export const useToasts = create<{ toasts: readonly Toast[] }>(() => ({ toasts: [] }));

/** Long enough to read and to change one's mind. */
export const TOAST_MS = 10_000;
let last = 0;

export function toast(text: string, more: { bad?: boolean; action?: Toast["action"] } = {}): () => void {
  const id = ++last;
  const made: Toast = { id, text, bad: more.bad ?? false, ...(more.action ? { action: more.action } : {}) };
  useToasts.setState(({ toasts }) => ({ toasts: [...toasts.slice(-3), made] }));
  announce(text);
  const timer = setTimeout(() => close(id), TOAST_MS);
  return () => {
    clearTimeout(timer);
    close(id);
  };
}

export function close(id: number): void {
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((one) => one.id !== id) }));
}
