/** What office managers keep: users, numbers, phones, mailboxes, keys, webhooks; and whom they erase. */
import { useQuery } from "@tanstack/react-query";
import { ApiProblem, api, ok, raw, type Schemas, type User } from "./api";
import { hasKey, t } from "./i18n";
import { onFrame } from "./live";
import { readAll, usePages } from "./pages";
import { renew } from "./queries";

export type NumberOf = Schemas["NumberResource"];
export type Device = Schemas["DeviceResource"];
export type ApiKey = Schemas["KeyResource"];
export type Webhook = Schemas["WebhookResource"];
export type Delivery = Schemas["DeliveryResource"];
export type Import = Schemas["BulkImportResource"];
export type Mailbox = Schemas["MailboxResource"];
export type Erasure = Schemas["ErasureResource"];

const OFFICE = "office";
const READERS = {
  users: () => readAll<User>((query) => ok(api.GET("/v1/users", { params: { query } }))),
  numbers: () => readAll<NumberOf>((query) => ok(api.GET("/v1/numbers", { params: { query } }))),
  devices: () => readAll<Device>((query) => ok(api.GET("/v1/devices", { params: { query } }))),
  keys: () => readAll<ApiKey>((query) => ok(api.GET("/v1/keys", { params: { query } }))),
  webhooks: async () => (await ok(api.GET("/v1/webhooks"))).items,
  mailboxes: async () => (await ok(api.GET("/v1/mailboxes"))).items,
};
/** What is in a mailbox is told to its users alone, so the counts of the others are asked for, as often as the
 * engine looks at the mailboxes. */
const COUNTS_EVERY_MS = 15_000;

export const useUsers = () => useQuery({ queryKey: [OFFICE, "users"], queryFn: READERS.users });
export const useNumbers = () => useQuery({ queryKey: [OFFICE, "numbers"], queryFn: READERS.numbers });
export const useDevices = () => useQuery({ queryKey: [OFFICE, "devices"], queryFn: READERS.devices });
export const useKeys = () => useQuery({ queryKey: [OFFICE, "keys"], queryFn: READERS.keys });
export const useWebhooks = () => useQuery({ queryKey: [OFFICE, "webhooks"], queryFn: READERS.webhooks });
export const useOfficeMailboxes = () =>
  useQuery({
    queryKey: [OFFICE, "mailboxes"],
    queryFn: READERS.mailboxes,
    refetchInterval: COUNTS_EVERY_MS,
  });
export const useErasures = () =>
  usePages<Erasure>([OFFICE, "erasures"], (query, signal) =>
    ok(api.GET("/v1/erasures", { params: { query }, signal })),
  );

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
  ["user.mailbox_updated", "mailboxes"],
  ["mailbox.", "mailboxes"],
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

/** What the engine has one code for, told apart by the field it names. */
const WRONG_FIELD: Record<string, string> = { "/pbx": "mailbox_pbx", "/mailbox": "mailbox_address" };

/** Give a user this mailbox, in place of another one. Throws ApiProblem with a code that says what is wrong. */
export async function giveMailbox(userId: string, mailbox: string): Promise<void> {
  const params = { path: { user_id: userId } };
  try {
    await ok(api.PUT("/v1/users/{user_id}/mailbox", { params, body: { mailbox } }));
  } catch (error) {
    const code =
      error instanceof ApiProblem && error.status === 422 ? WRONG_FIELD[error.field ?? ""] : undefined;
    if (error instanceof ApiProblem && code) {
      throw new ApiProblem(error.status, { code, detail: error.message });
    }
    throw error;
  }
}

export async function takeMailbox(userId: string): Promise<void> {
  await ok(api.DELETE("/v1/users/{user_id}/mailbox", { params: { path: { user_id: userId } } }));
}

/** There is no way back. The report says what went and what is left. */
export async function erase(whom: { user_id: string } | { number: string }): Promise<Erasure> {
  const report = await ok(api.POST("/v1/erasures", { body: whom }));
  await officeChanged("erasures", ...("user_id" in whom ? ["users", "devices", "numbers", "mailboxes"] : []));
  return report;
}

/** Whether somebody typed this name again, give or take blanks. */
export const sameName = (typed: string, name: string): boolean =>
  typed.trim().split(/\s+/).join(" ").normalize() === name.trim().split(/\s+/).join(" ").normalize();

/** Whether this is the same number, however it is grouped. */
export const sameNumber = (typed: string, number: string): boolean => {
  const bare = (text: string) => text.replace(/[\s().\-/\u00a0]/g, "");
  return bare(typed) !== "" && bare(typed) === bare(number);
};

/** Why a receiver did not take an event, as a clause. */
export function deliveryError(one: { error: string | null; status: number | null }): string {
  const key = `deliveries.error_${one.error}`;
  return hasKey(key) ? t(key, { status: one.status }) : (one.error ?? String(one.status ?? ""));
}

/** Whether every word that was typed is in one of these. */
export function mentions(asked: string, ...parts: (string | null | undefined)[]): boolean {
  const text = parts.filter(Boolean).join(" ").toLocaleLowerCase();
  return asked
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
