/** Which conversations are docked, and which of them are minimised; kept over a reload. */
import { create } from "zustand";
import type { Person } from "./people";

export type ConversationWindow = {
  key: string;
  /** Null while it is a new conversation that nobody was written to yet. */
  conversationId: string | null;
  minimised: boolean;
  /** Of a new conversation: whom it is to, our number, and what was typed. */
  to: Person[];
  from: string | null;
  text: string;
  /** Which of one's messages is being said differently, and how far one has come. */
  edit?: { messageId: string; text: string; from: "composer" | "message" } | null;
};

/** Which one was asked for last; `turn` tells one wish for it from the next. */
type Focus = { key: string; turn: number };
type State = { windows: readonly ConversationWindow[]; room: number; focus: Focus | null };
export const useWindows = create<State>(() => ({ windows: [], room: 3, focus: null }));

let storedAs: string | undefined;
/** More than these in the dock help nobody. */
const MOST = 12;

/** Bring back the windows of this user. */
export function restoreWindows(userId: string): void {
  storedAs = `ringback.windows.${userId}`;
  let kept: ConversationWindow[] = [];
  try {
    const found: unknown = JSON.parse(localStorage.getItem(storedAs) ?? "[]");
    if (Array.isArray(found))
      kept = found.filter((one) => typeof one?.key === "string" && Array.isArray(one.to));
  } catch {
    // Nothing to bring back.
  }
  useWindows.setState({ windows: kept, focus: null });
}

export function forgetWindows(): void {
  storedAs = undefined;
  useWindows.setState({ windows: [], focus: null });
}

let turn = 0;

function show(windows: readonly ConversationWindow[], key: string | null = null): void {
  const focus = key === null ? null : { key, turn: ++turn };
  useWindows.setState({ windows, focus });
  if (storedAs === undefined) return;
  try {
    localStorage.setItem(storedAs, JSON.stringify(windows));
  } catch {
    // They stay until the page is closed.
  }
}

/** How many fit side by side. What does not is minimised, the one used longest ago first. */
export function setRoom(room: number): void {
  if (room === useWindows.getState().room) return;
  useWindows.setState({ room });
  show(fitted(useWindows.getState().windows));
}

/** The last of the list is the one used last. */
function fitted(windows: readonly ConversationWindow[]): ConversationWindow[] {
  const { room } = useWindows.getState();
  let open = 0;
  return [...windows]
    .reverse()
    .map((one) => {
      if (one.minimised) return one;
      open += 1;
      return open > room ? { ...one, minimised: true } : one;
    })
    .reverse()
    .slice(-MOST);
}

export function openConversation(conversationId: string, { minimised = false } = {}): void {
  const { windows } = useWindows.getState();
  const there = windows.find((one) => one.conversationId === conversationId);
  if (there !== undefined) {
    if (minimised) return;
    const rest = windows.filter((one) => one !== there);
    show(fitted([...rest, { ...there, minimised: false }]), there.key);
    return;
  }
  const made = { key: conversationId, conversationId, minimised, to: [], from: null, text: "" };
  // What comes by itself must not push away what somebody is using.
  show(fitted(minimised ? [made, ...windows] : [...windows, made]), minimised ? null : made.key);
}

export function openNew(to: Person[] = []): void {
  const { windows } = useWindows.getState();
  const empty = windows.find((one) => one.conversationId === null && one.to.length === 0 && !one.text);
  const made = empty ?? {
    key: `new-${crypto.randomUUID()}`,
    conversationId: null,
    minimised: false,
    to,
    from: null,
    text: "",
  };
  const rest = windows.filter((one) => one !== empty);
  show(fitted([...rest, { ...made, to, minimised: false }]), made.key);
}

export function changeWindow(key: string, changes: Partial<ConversationWindow>): void {
  const { windows } = useWindows.getState();
  show(windows.map((one) => (one.key === key ? { ...one, ...changes } : one)));
}

/** The conversation a new one has become; one that is docked already takes its place. */
export function becomeConversation(key: string, conversationId: string): void {
  const { windows } = useWindows.getState();
  const others = windows.filter((one) => one.key === key || one.conversationId !== conversationId);
  show(
    others.map((one) =>
      one.key === key ? { ...one, key: conversationId, conversationId, to: [], text: "" } : one,
    ),
    conversationId,
  );
}

export function minimise(key: string): void {
  changeWindow(key, { minimised: true });
}

export function restore(key: string): void {
  const { windows } = useWindows.getState();
  const one = windows.find((each) => each.key === key);
  if (one === undefined) return;
  const rest = windows.filter((each) => each !== one);
  show(fitted([...rest, { ...one, minimised: false }]), key);
}

export function closeWindow(key: string): void {
  show(useWindows.getState().windows.filter((one) => one.key !== key));
}
