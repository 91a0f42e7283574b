/**
 * Being told: tone, desktop notification, green tab, title and badge.
 *
 * The server chooses one page of all that a user has open, and sends it `notify`; so there is one sound and
 * one notification however many tabs there are. For that, each page says what it is used for right now.
 */
import { create } from "zustand";
import { api, type Message, ok } from "./api";
import { fetchConversation } from "./conversations";
import { t } from "./i18n";
import { onFrame, takeEarly, tell, useLink } from "./live";
import { keys, queries } from "./queries";
import { currentUserId } from "./session";
import type { Frame } from "./socket";
import { allowTones, play, type Tone } from "./tones";
import { openConversation, useWindows } from "./windows";

/** Who does nothing for this long is not there, in ms. */
const IDLE_MS = 60_000;
const ASKED = "ringback.asked-for-notifications";

type Notice = {
  id: string;
  kind: string;
  tag: string;
  conversation_id: string | null;
  title: string | null;
  preview: string | null;
  sound: Tone;
  desktop: boolean;
};

/** Whether the page should explain that notifications can be had; nothing is asked at load. */
export const useAsking = create<{ asking: boolean }>(() => ({ asking: false }));

const shown = new Map<string, Notification>();

/** Take part until the function that is given is called. */
export function startNotifying(): () => void {
  const stops = [
    allowTones(),
    reportActivity(),
    showUnread(),
    onFrame("notify", hear),
    onFrame("message.created", hear),
  ];
  for (const frame of takeEarly()) hear(frame);
  const opened = (event: MessageEvent) => {
    const data = event.data as { type?: string; path?: string } | null;
    if (data?.type === "open" && data.path) follow(data.path);
  };
  navigator.serviceWorker?.addEventListener("message", opened);
  follow(location.pathname + location.search);
  return () => {
    navigator.serviceWorker?.removeEventListener("message", opened);
    for (const stop of stops) stop();
    withdraw({ tags: [...shown.keys()] });
  };
}

function hear(frame: Frame): void {
  if (frame.type === "notify") notify((frame.data ?? {}) as Notice);
  if (frame.type === "notify_withdrawn") withdraw((frame.data ?? {}) as { tags?: string[] });
  if (frame.type === "message.created") void bringUp(frame.message as Message | undefined);
}

/** An address may name a conversation that is to be opened. */
function follow(path: string): void {
  const id = new URL(path, location.origin).searchParams.get("conversation");
  if (id !== null && /^conv_\w+$/.test(id)) openConversation(id);
}

export const isActive = (): boolean => document.visibilityState === "visible" && document.hasFocus();

function notify(notice: Notice): void {
  tell({ type: "notified", id: notice.id });
  play(notice.sound);
  if (!("Notification" in window)) return;
  if (Notification.permission === "default") {
    useAsking.setState({ asking: !asked() });
    return;
  }
  if (isActive() || !notice.desktop || Notification.permission !== "granted") return;
  const title = notice.title ?? t("notify.title_message");
  try {
    const one = new Notification(title, {
      body: notice.preview ?? "",
      tag: notice.tag,
      icon: "/icon.svg",
      silent: true,
    });
    shown.set(notice.tag, one);
    one.onclick = () => {
      window.focus();
      one.close();
      if (notice.conversation_id !== null) openConversation(notice.conversation_id);
    };
    one.onclose = () => shown.delete(notice.tag);
  } catch {
    // Some phones only let a service worker show one.
    void navigator.serviceWorker?.ready.then((worker) =>
      worker.showNotification(title, { body: notice.preview ?? "", tag: notice.tag, icon: "/icon.svg" }),
    );
  }
}

function withdraw({ tags = [] }: { tags?: string[] }): void {
  for (const tag of tags) shown.get(tag)?.close();
  void navigator.serviceWorker?.ready.then(async (worker) => {
    for (const tag of tags) for (const one of await worker.getNotifications({ tag })) one.close();
  });
}

function asked(): boolean {
  try {
    return localStorage.getItem(ASKED) !== null;
  } catch {
    return false;
  }
}

/** The answer to our own question; the browser's question comes only after a yes. */
export async function answerAsking(yes: boolean): Promise<NotificationPermission> {
  useAsking.setState({ asking: false });
  try {
    localStorage.setItem(ASKED, "1");
  } catch {
    // It is asked again on the next page.
  }
  return yes ? Notification.requestPermission() : Notification.permission;
}

/** A conversation that somebody else says something in appears in the dock, minimised and green. */
async function bringUp(message: Message | undefined): Promise<void> {
  const id = message?.conversation_id;
  if (!id || message === undefined || innerWidth < 768) return;
  const news =
    message.direction === "inbound" ||
    (message.direction === "internal" && message.user_id !== currentUserId());
  if (!news || useWindows.getState().windows.some((one) => one.conversationId === id)) return;
  try {
    const conversation = await queries.fetchQuery({
      queryKey: keys.conversation(id),
      queryFn: () => fetchConversation(id),
    });
    // A manager reads the domain's texts; those of others' numbers are no news.
    const concerned = conversation.members.some((one) => one.user_id === currentUserId());
    if (concerned && !conversation.muted && !conversation.left) openConversation(id, { minimised: true });
  } catch {
    // The list of messages shows it all the same.
  }
}

/** What the page is used for right now, said when it changes and after every new connection. */
function reportActivity(): () => void {
  let usedAt = Date.now();
  let told = "";
  const report = () => {
    const state =
      document.visibilityState !== "visible"
        ? "hidden"
        : document.hasFocus() && Date.now() - usedAt < IDLE_MS
          ? "active"
          : "idle";
    const open = useWindows
      .getState()
      .windows.findLast((one) => !one.minimised && one.conversationId !== null);
    const frame = { type: "activity", state, conversation_id: open?.conversationId ?? null };
    const said = JSON.stringify(frame);
    if (said === told) return;
    if (tell(frame)) told = said;
  };
  const used = () => {
    const wasIdle = Date.now() - usedAt >= IDLE_MS;
    usedAt = Date.now();
    if (wasIdle) report();
  };
  const soon = () => setTimeout(report, 0);
  const timer = setInterval(report, 5_000);
  for (const event of ["focus", "blur"]) addEventListener(event, soon);
  for (const event of ["pointerdown", "keydown", "pointermove"])
    addEventListener(event, used, { passive: true });
  document.addEventListener("visibilitychange", soon);
  const windows = useWindows.subscribe(report);
  const link = useLink.subscribe(({ link: now }, before) => {
    if (now.state !== "live" || before.link.state === "live") return;
    told = "";
    report();
  });
  soon();
  return () => {
    clearInterval(timer);
    for (const event of ["focus", "blur"]) removeEventListener(event, soon);
    for (const event of ["pointerdown", "keydown", "pointermove"]) removeEventListener(event, used);
    document.removeEventListener("visibilitychange", soon);
    windows();
    link();
  };
}

/** The number of conversations that wait, in the title, at the icon of the page, and at that of the app. */
function showUnread(): () => void {
  const read = () => {
    void queries
      .fetchQuery({ queryKey: keys.unread, queryFn: () => ok(api.GET("/v1/conversations:unread")) })
      .then(
        () => undefined,
        () => undefined,
      );
  };
  let before = -1;
  const stop = queries.getQueryCache().subscribe((event) => {
    if (event.query.queryKey[0] !== keys.unread[0]) return;
    if (event.type === "updated" && event.action.type === "invalidate") read();
    const count = (event.query.state.data as { conversations?: number } | undefined)?.conversations ?? 0;
    if (count === before) return;
    before = count;
    document.title = count > 0 ? t("app.title_unread", { count, name: t("app.name") }) : t("app.name");
    const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]");
    if (icon !== null) icon.href = count > 0 ? "/icon-unread.svg" : "/icon.svg";
    const badge = navigator as {
      setAppBadge?: (count: number) => Promise<void>;
      clearAppBadge?: () => Promise<void>;
    };
    void (count > 0 ? badge.setAppBadge?.(count) : badge.clearAppBadge?.())?.catch(() => undefined);
  });
  read();
  return () => {
    stop();
    document.title = t("app.name");
  };
}
