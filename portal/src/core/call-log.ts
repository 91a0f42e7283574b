/** Calls that were had and missed, and those that are going on. */
import { useQuery } from "@tanstack/react-query";
import { api, ok, type Schemas } from "./api";
import { onFrame } from "./live";
import { usePages } from "./pages";
import { renew } from "./queries";

export type LoggedCall = Schemas["CallLogResource"];
export type LiveCall = Schemas["LiveCallResource"];
export type CallFilter = { direction?: "inbound" | "outbound"; missed?: boolean };

const LOG = ["call-log"] as const;
const LIVE = ["live-calls"] as const;

export function useCallLog(userId: string, filter: CallFilter) {
  return usePages<LoggedCall>([...LOG, filter], (query, signal) =>
    ok(api.GET("/v1/call-log", { params: { query: { ...query, ...filter, user_id: userId } }, signal })),
  );
}

/** One's own calls as the PBX sees them, also those that a desk phone made. */
export function useLiveCalls() {
  return useQuery({
    queryKey: LIVE,
    queryFn: async () => (await ok(api.GET("/v1/me/presence"))).calls ?? [],
  });
}

export async function seenCalls(): Promise<void> {
  await ok(api.POST("/v1/call-log:seen", { body: {} }));
}

onFrame("call_log.", () => void renew(LOG));
for (const type of ["calls", "presence"]) {
  onFrame(type, (frame) => {
    if (frame.type === type) void renew(LIVE);
  });
}

/** How long two people talked, in seconds; null where they never did. */
export function talkS(call: { answered_at: string | null; ended_at: string | null }): number | null {
  if (call.answered_at === null || call.ended_at === null) return null;
  return Math.max(0, Math.round((Date.parse(call.ended_at) - Date.parse(call.answered_at)) / 1000));
}

type Party = { peer: string; peer_user_id: string | null; peer_name: string };

/** What reaches the other side: a colleague's extension, else the number; "" where it was withheld. */
export function dialOf(party: Party, users: ReadonlyMap<string, { extension: string }>): string {
  return party.peer_user_id === null ? party.peer : (users.get(party.peer_user_id)?.extension ?? "");
}
