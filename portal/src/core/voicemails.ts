/** What callers left: the recordings, where they lie, and what one does with them. */
import { useQuery } from "@tanstack/react-query";
import { api, ok, type Schemas } from "./api";
import { t } from "./i18n";
import { onFrame } from "./live";
import { usePages } from "./pages";
import { renew } from "./queries";
import { soon } from "./soon";

export type Voicemail = Schemas["VoicemailResource"];
export type Folder = Schemas["Folder"];
export const FOLDERS = [
  "inbox",
  "urgent",
  "old",
  "work",
  "family",
  "friends",
] as const satisfies readonly Folder[];

const LISTS = ["voicemails"] as const;
const BOXES = ["mailboxes"] as const;

export function useVoicemails(filter: { folder?: Folder; heard?: boolean }) {
  return usePages<Voicemail>([...LISTS, filter], (query, signal) =>
    ok(api.GET("/v1/voicemails", { params: { query: { ...query, ...filter } }, signal })),
  );
}

export function useMailboxes() {
  return useQuery({
    queryKey: BOXES,
    queryFn: async () => (await ok(api.GET("/v1/mailboxes"))).items,
  });
}

const at = (one: Voicemail) => ({ params: { path: { voicemail_id: one.id } } });

export async function changeVoicemail(one: Voicemail, body: Schemas["VoicemailChanges"]): Promise<void> {
  await ok(api.PATCH("/v1/voicemails/{voicemail_id}", { ...at(one), body }));
  changed();
}

export async function forwardVoicemail(one: Voicemail, userId: string): Promise<void> {
  const headers = { "Idempotency-Key": crypto.randomUUID() };
  await ok(
    api.POST("/v1/voicemails/{voicemail_id}:forward", { ...at(one), body: { user_id: userId }, headers }),
  );
  changed();
}

/** With ten seconds to think again. */
export function deleteVoicemail(one: Voicemail): void {
  soon(one.id, { path: `/v1/voicemails/${one.id}`, method: "DELETE" }, t("voicemail.deleted"));
}

function changed(): void {
  void renew(LISTS);
  void renew(BOXES);
}

onFrame("voicemail.", changed);

export const callerName = (one: Voicemail): string =>
  one.caller.contact_name || one.caller.name || one.caller.number;
