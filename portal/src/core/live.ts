/**
 * The one event socket of a page, and who listens to it.
 *
 * A part of the portal says which frames concern it with `onFrame("message.", ...)` when it is loaded,
 * and keeps its own piece of the cache up to date. `refresh` means that anything may have changed.
 */
import { create } from "zustand";
import { renew } from "./queries";
import { currentUserId, resume } from "./session";
import { EventLink, type Frame, type Link, type SocketWorld } from "./socket";

export const useLink = create<{ link: Link }>(() => ({ link: { state: "connecting", since: Date.now() } }));

type Listener = (frame: Frame) => void;
const listeners = new Set<readonly [string, Listener]>();
const refreshers = new Set<() => void>();

/** Hear of frames whose type begins with this. */
export function onFrame(prefix: string, listener: Listener): () => void {
  const entry = [prefix, listener] as const;
  listeners.add(entry);
  return () => listeners.delete(entry);
}

/** What came before those who tell of it were loaded; undefined once they are. */
let early: Frame[] | undefined = [];

/** The frames that came before, oldest first; from now on listeners hear for themselves. */
export function takeEarly(): Frame[] {
  const taken = early ?? [];
  early = undefined;
  return taken;
}

/** Called whenever the link is up: what nobody keeps, like presence, was not told of before. */
export function onUp(listener: () => void): () => void {
  return useLink.subscribe(({ link }, before) => {
    if (link.state === "live" && before.link.state !== "live") listener();
  });
}

/** Called after all queries were told to read anew. */
export function onRefresh(listener: () => void): () => void {
  refreshers.add(listener);
  return () => refreshers.delete(listener);
}

const browser: SocketWorld = {
  open(path) {
    const address = new URL(path, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    return new WebSocket(address) as unknown as ReturnType<SocketWorld["open"]>;
  },
  now: () => Date.now(),
  after(ms, what) {
    const timer = setTimeout(what, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

const link = new EventLink(browser, {
  frame(frame) {
    if (early !== undefined && early.length < 200) early.push(frame);
    for (const [prefix, listener] of listeners) if (frame.type.startsWith(prefix)) listener(frame);
  },
  link: (state) => useLink.setState({ link: state }),
  refresh() {
    void renew();
    for (const one of refreshers) one();
  },
  ended: () => void resume(),
});

/** What may change about whoever is logged in: what `GET /v1/me` answers. */
const OF_ONESELF = ["user.", "domain.settings_updated", "device.", "number."];
/** Many numbers may be given out at once. */
const TOGETHER_MS = 300;
let asking: ReturnType<typeof setTimeout> | undefined;

for (const prefix of OF_ONESELF) {
  onFrame(prefix, (frame) => {
    if (prefix === "user." && frame.subject !== currentUserId()) return;
    asking ??= setTimeout(() => {
      asking = undefined;
      void resume();
    }, TOGETHER_MS);
  });
}

/** Have the page told of everything that happens behind this cursor; gives what ends it. */
export function goLive(cursor: string | null): () => void {
  early = [];
  const offline = () => link.offline();
  const wake = () => link.wake();
  const seen = () => {
    if (document.visibilityState === "visible") link.wake();
  };
  addEventListener("offline", offline);
  addEventListener("online", wake);
  document.addEventListener("visibilitychange", seen);
  link.start(cursor);
  return () => {
    removeEventListener("offline", offline);
    removeEventListener("online", wake);
    document.removeEventListener("visibilitychange", seen);
    link.stop();
  };
}

/** Tell the server something that matters only now. */
export const tell = (frame: Frame): boolean => link.send(frame);

/** Somebody does not want to wait for the next try. */
export const reconnect = (): void => link.wake();
