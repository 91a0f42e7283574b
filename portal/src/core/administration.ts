/** What office managers keep: users, numbers, phones, keys, webhooks. */
import { useQuery } from "@tanstack/react-query";
import { api, ok, raw, type Schemas, type User } from "./api";
import { onFrame } from "./live";
import { readAll } from "./pages";
import { renew } from "./queries";

export type NumberOf = Schemas["NumberResource"];
export type Device = Schemas["DeviceResource"];
export type ApiKey = Schemas["KeyResource"];
export type Webhook = Schemas["WebhookResource"];
export type Delivery = Schemas["DeliveryResource"];
export type Import = Schemas["BulkImportResource"];

const OFFICE = "office";
const READERS = {
  users: () => readAll<User>((query) => ok(api.GET("/v1/users", { params: { query } }))),
  numbers: () => readAll<NumberOf>((query) => ok(api.GET("/v1/numbers", { params: { query } }))),
  devices: () => readAll<Device>((query) => ok(api.GET("/v1/devices", { params: { query } }))),
  keys: () => readAll<ApiKey>((query) => ok(api.GET("/v1/keys", { params: { query } }))),
  webhooks: async () => (await ok(api.GET("/v1/webhooks"))).items,
};

export const useUsers = () => useQuery({ queryKey: [OFFICE, "users"], queryFn: READERS.users });
export const useNumbers = () => useQuery({ queryKey: [OFFICE, "numbers"], queryFn: READERS.numbers });
export const useDevices = () => useQuery({ queryKey: [OFFICE, "devices"], queryFn: READERS.devices });
export const useKeys = () => useQuery({ queryKey: [OFFICE, "keys"], queryFn: READERS.keys });
export const useWebhooks = () => useQuery({ queryKey: [OFFICE, "webhooks"], queryFn: READERS.webhooks });

/** After a change of one's own, and when an event tells of somebody else's. */
export async function officeChanged(...nouns: string[]): Promise<void> {
  await Promise.all(nouns.map((one) => renew([OFFICE, one])));
}

for (const [prefix, noun] of [
  ["user.", "users"],
  ["number.", "numbers"],
  ["device.", "devices"],
  ["key.", "keys"],
  ["webhook.", "webhooks"],
] as const) {
  onFrame(prefix, () => void officeChanged(noun));
}

export const once = () => ({ "Idempotency-Key": crypto.randomUUID() });

/** Users or numbers from a file. With `dryRun` nothing is changed. Throws ApiProblem for a file that cannot be read. */
export async function importRows(
  of: "users" | "numbers",
  file: Blob,
  dryRun: boolean,
  skipBad: boolean,
): Promise<Import> {
  const query = new URLSearchParams({ dry_run: String(dryRun), skip_bad: String(skipBad) });
  const headers = { "Content-Type": "text/csv", ...(dryRun ? {} : once()) };
  const answer = await raw(`/v1/${of}:import?${query}`, { method: "POST", headers, body: file });
  return (await answer.json()) as Import;
}

/** Whether every word that was typed is in one of these. */
export function mentions(asked: string, ...parts: (string | null | undefined)[]): boolean {
  const text = parts.filter(Boolean).join(" ").toLocaleLowerCase();
  return asked
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
