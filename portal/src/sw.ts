/**
 * Keeps the files the shell is made of, and shows what is pushed while no page is open.
 *
 * Only files with a hash in their name and the page itself are kept; nothing of the API ever is, so
 * nobody who logs in later finds somebody else's words here.
 */
declare const self: ServiceWorkerGlobalScope;

export {};

const SHELL: string[] = "__SHELL__" as unknown as string[];
const KEPT = `shell-${SHELL.join().length}-${digest(SHELL.join())}`;

/** The page is given only to who asks for one; left to itself, a worker asks for anything. */
const PAGE = new Request("/", { headers: { Accept: "text/html" } });

/** Requests that pass the worker by; its own listener would only be in the way of a page that is closing. */
type Routed = {
  addRoutes?: (routes: { condition: { urlPattern: string }; source: "network" }[]) => Promise<void>;
};

self.addEventListener("install", (event) => {
  void (event as Routed).addRoutes?.([{ condition: { urlPattern: "/v1/*" }, source: "network" }]);
  event.waitUntil(
    caches
      .open(KEPT)
      .then((cache) => cache.addAll([PAGE, "/icon.svg", ...SHELL.map((one) => `/${one}`)]))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      // Pages of the version before may still be open; what they have yet to load is nowhere else any more.
      .then((names) => names.filter((one) => one !== KEPT).slice(0, -1))
      .then((old) => Promise.all(old.map((one) => caches.delete(one))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (request.mode === "navigate") {
    if (!isPage(address.pathname)) return;
    event.respondWith(
      fetch(request).catch(async () => (await caches.match("/", { cacheName: KEPT })) ?? Response.error()),
    );
  } else if (address.pathname.startsWith("/assets/") || address.pathname === "/icon.svg") {
    event.respondWith(caches.match(request).then((found) => found ?? fetch(request)));
  }
});

type Pushed = {
  type?: "notify" | "notify_withdrawn";
  tag?: string;
  tags?: string[];
  title?: string | null;
  preview?: string | null;
  conversation_id?: string | null;
};

self.addEventListener("push", (event) => {
  event.waitUntil(show(event.data));
});

async function show(data: PushMessageData | null): Promise<void> {
  let pushed: Pushed = {};
  try {
    pushed = (data?.json() as Pushed | undefined) ?? {};
  } catch {
    // Something else was pushed; a browser wants a notification all the same.
  }
  if (pushed.type === "notify_withdrawn") {
    for (const tag of pushed.tags ?? []) {
      for (const one of await self.registration.getNotifications({ tag })) one.close();
    }
    return;
  }
  const url = pushed.conversation_id
    ? `/?conversation=${encodeURIComponent(pushed.conversation_id)}`
    : "/messages";
  await self.registration.showNotification(pushed.title ?? "Ringback", {
    body: pushed.preview ?? "",
    tag: pushed.tag ?? "ringback",
    icon: "/icon.svg",
    data: { url },
  });
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(String((event.notification.data as { url?: string } | null)?.url ?? "/")));
});

/** In a page that is open already, else in a new one. Never at an address of somebody else. */
async function open(path: string): Promise<void> {
  const address = new URL(path, location.origin);
  if (address.origin !== location.origin) return;
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages[0];
  if (page === undefined) {
    await self.clients.openWindow(address.href);
  } else {
    await page.focus();
    page.postMessage({ type: "open", path: address.pathname + address.search });
  }
}

/** Addresses that the portal draws; the others are the API's. */
function isPage(path: string): boolean {
  return !/^\/(v1|a|health|metrics|openapi\.json|assets|sw\.js)(\/|$)/.test(path);
}

function digest(text: string): string {
  let sum = 5381;
  for (let at = 0; at < text.length; at += 1) sum = (sum * 33 + text.charCodeAt(at)) >>> 0;
  return sum.toString(36);
}
