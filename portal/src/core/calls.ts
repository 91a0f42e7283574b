/** Calls that were placed here: one click rings one's own phone, then the other one. */
import { create } from "zustand";
import { api, type Call, ok } from "./api";
import { onFrame } from "./live";
import { explain } from "./problems";
import { toast } from "./toasts";

/** What a call bar shows: who is called, and the call as the engine knows it; null until it has answered. */
export type PlacedCall = { key: string; name: string; to: string; call: Call | null };

export const useCalls = create<{ calls: readonly PlacedCall[] }>(() => ({ calls: [] }));

const FINAL = new Set<Call["status"]>([
  "completed",
  "busy",
  "no_answer",
  "rejected",
  "canceled",
  "unreachable",
  "failed",
  "unknown",
]);

export const isOver = (call: Call): boolean => FINAL.has(call.status);

/** Ring my phone, then theirs. The key makes a click that is sent twice one call. */
export async function placeCall(to: string, name: string): Promise<void> {
  const key = crypto.randomUUID();
  const going = useCalls
    .getState()
    .calls.some((one) => one.to === to && (one.call === null || !isOver(one.call)));
  if (going) return;
  show([...useCalls.getState().calls, { key, name, to, call: null }]);
  try {
    const call = await ok(
      api.POST("/v1/calls", {
        body: { to },
        headers: { "Idempotency-Key": key },
        signal: AbortSignal.timeout(15_000),
      }),
    );
    keep(key, call);
  } catch (error) {
    dismissCall(key);
    toast(explain(error), { bad: true });
  }
}

export async function cancelCall(call: Call): Promise<void> {
  try {
    const params = { path: { call_id: call.id } };
    const now = await ok(api.POST("/v1/calls/{call_id}:cancel", { params }));
    take(now);
  } catch (error) {
    toast(explain(error), { bad: true });
  }
}

export function dismissCall(key: string): void {
  show(useCalls.getState().calls.filter((one) => one.key !== key));
}

function keep(key: string, call: Call): void {
  show(
    useCalls.getState().calls.map((one) => (one.key === key ? { ...one, call: newer(one.call, call) } : one)),
  );
}

function take(call: Call): void {
  const mine = useCalls.getState().calls.find((one) => one.call?.id === call.id);
  if (mine !== undefined) keep(mine.key, call);
}

/** Answers may overtake each other; `sequence` grows with every change. */
function newer(a: Call | null, b: Call): Call {
  return a !== null && a.sequence > b.sequence ? a : b;
}

function show(calls: readonly PlacedCall[]): void {
  useCalls.setState({ calls });
}

onFrame("call.", async (frame) => {
  const id = String(frame.subject ?? "");
  if (!useCalls.getState().calls.some((one) => one.call?.id === id || one.call === null)) return;
  try {
    take(await ok(api.GET("/v1/calls/{call_id}", { params: { path: { call_id: id } } })));
  } catch {
    // The next event tells.
  }
});
