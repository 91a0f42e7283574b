/** Web Push: being told while no page is open. Asked for in context only, and taken back in one click. */
import { useQuery } from "@tanstack/react-query";
import { api, ok } from "./api";
import { onFrame } from "./live";
import { renew } from "./queries";

const SUBSCRIPTIONS = ["push-subscriptions"] as const;

/** Why this browser cannot; undefined where it can. */
export type NoPush = "unsupported" | "denied" | undefined;

export function pushObstacle(): NoPush {
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window))
    return "unsupported";
  return Notification.permission === "denied" ? "denied" : undefined;
}

onFrame("notification.updated", () => void renew(SUBSCRIPTIONS));

export function useSubscriptions() {
  return useQuery({
    queryKey: SUBSCRIPTIONS,
    queryFn: async () => (await ok(api.GET("/v1/me/push-subscriptions"))).items,
  });
}

/** Have this browser told. Rejects where the browser or its user does not want to. */
export async function subscribe(): Promise<"subscribed" | "denied"> {
  if ((await Notification.requestPermission()) !== "granted") return "denied";
  const worker = await navigator.serviceWorker.ready;
  const { public_key } = await ok(api.GET("/v1/push-key"));
  const made = await worker.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: octetsOf(public_key),
  });
  const { endpoint, keys } = made.toJSON();
  const body = { endpoint: endpoint ?? "", keys: { p256dh: keys?.p256dh ?? "", auth: keys?.auth ?? "" } };
  await ok(api.POST("/v1/me/push-subscriptions", { body }));
  await renew(SUBSCRIPTIONS);
  return "subscribed";
}

export async function unsubscribe(id: string): Promise<void> {
  const params = { path: { push_subscription_id: id } };
  await ok(api.DELETE("/v1/me/push-subscriptions/{push_subscription_id}", { params }));
  await renew(SUBSCRIPTIONS);
}

/** base64url without padding, as keys of push services come. */
export function octetsOf(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (one) => one.charCodeAt(0));
}
