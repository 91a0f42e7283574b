/**
 * Which key wishes for what, wherever somebody is on the page: rules without a page.
 *
 * A key with Ctrl or Cmd counts while somebody types, a single letter never does; who speaks to their
 * computer turns the letters off (WCAG 2.2 §2.1.4), and everything they do can be done without them.
 */
import { create } from "zustand";

export type Wish = "part" | "part_back" | "switch" | "unread" | "keys" | "new" | "search";

/** What is pressed together with Ctrl, or Cmd on a Mac. */
const COMMANDS: Readonly<Record<string, Wish>> = { k: "switch", j: "unread", "/": "keys" };
const LETTERS: Readonly<Record<string, Wish>> = { j: "unread", n: "new", "/": "search", "?": "keys" };

export type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/** typing: whether the key would write something, or choose in a list. */
export function wishOf(
  pressed: Pressed,
  { typing, letterKeys, mac }: { typing: boolean; letterKeys: boolean; mac: boolean },
): Wish | undefined {
  const { key, ctrlKey, metaKey, altKey, shiftKey } = pressed;
  if (altKey) return undefined;
  if (key === "F6") return ctrlKey || metaKey ? undefined : shiftKey ? "part_back" : "part";
  if (mac ? metaKey && !ctrlKey : ctrlKey && !metaKey) {
    // Some keyboards have the stroke on Shift; Ctrl+Shift+J and K are the browser's own.
    return key === "/" || !shiftKey ? COMMANDS[key.toLowerCase()] : undefined;
  }
  if (typing || !letterKeys || ctrlKey || metaKey) return undefined;
  return Object.hasOwn(LETTERS, key) ? LETTERS[key] : undefined;
}

/** On these the command key is Cmd. */
export const isMac = (): boolean => /Mac|iP(hone|ad|od)/.test(navigator.platform);

/** What is laid over the page: the quick switcher, or the overview of all keys. */
type Overlay = "none" | "switcher" | "keys";
export const useOverlay = create<{ open: Overlay }>(() => ({ open: "none" }));

/** Nobody types ahead for longer than this, in ms; what cannot be loaded must not keep the keyboard. */
const AHEAD_MS = 10_000;
/** What was typed since the switcher was asked for and before it was there. */
let ahead = "";
let askedAt = Number.NEGATIVE_INFINITY;

export function overlay(open: Overlay): void {
  ahead = "";
  askedAt = performance.now();
  useOverlay.setState({ open });
}

/** Whether the switcher took what was pressed, since it was asked for a moment ago and is still being loaded. */
export function typeAhead(key: string): boolean {
  if (useOverlay.getState().open !== "switcher" || performance.now() - askedAt > AHEAD_MS) return false;
  if (key === "Backspace") ahead = ahead.slice(0, -1);
  else if ([...key].length === 1) ahead += key;
  else return key === "Enter";
  return true;
}

export const typedAhead = (): string => ahead;
