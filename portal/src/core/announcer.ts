/** One polite voice for screen readers: what is said here is read out, one sentence at a time. */
import { create } from "zustand";

/** A burst is worth one sentence, not twenty. */
const APART_MS = 700;

export const useAnnouncer = create<{ text: string; turn: number }>(() => ({ text: "", turn: 0 }));

let waiting: string[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

export function announce(text: string): void {
  waiting.push(text);
  if (timer !== undefined) return;
  timer = setTimeout(() => {
    timer = undefined;
    const said = waiting.length > 3 ? waiting.slice(-3) : waiting;
    waiting = [];
    useAnnouncer.setState(({ turn }) => ({ text: said.join(" "), turn: turn + 1 }));
  }, APART_MS);
}
