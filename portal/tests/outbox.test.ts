import { describe, expect, it } from "vitest";
import {
  ASK_AFTER_MS,
  afterReload,
  beforeTry,
  newClientId,
  nextToSend,
  type OutboxEntry,
} from "../src/core/outbox-rules";

function entry(changes: Partial<OutboxEntry>): OutboxEntry {
  return {
    client_id: "a",
    conversation_id: "conv_1",
    kind: "chat",
    text: "Hello",
    reply_to: null,
    attachment_ids: [],
    written_at: 0,
    state: "waiting",
    ...changes,
  };
}

describe("the outbox", () => {
  it("asks before it sends a text that waited long, and never a chat", () => {
    const late = ASK_AFTER_MS + 1;
    expect(beforeTry(entry({ kind: "sms" }), late).state).toBe("asking");
    expect(beforeTry(entry({ kind: "sms" }), ASK_AFTER_MS).state).toBe("waiting");
    expect(beforeTry(entry({ kind: "chat" }), late).state).toBe("waiting");
  });

  it("sends in the order in which things were written", () => {
    const entries = [entry({ client_id: "b", written_at: 2 }), entry({ client_id: "a", written_at: 1 })];
    expect(nextToSend(entries)?.client_id).toBe("a");
  });

  it("lets nothing overtake what is on its way in the same conversation", () => {
    const first = entry({ client_id: "a", written_at: 1, state: "sending" });
    const second = entry({ client_id: "b", written_at: 2 });
    const elsewhere = entry({ client_id: "c", written_at: 3, conversation_id: "conv_2" });
    expect(nextToSend([first, second])).toBeUndefined();
    expect(nextToSend([first, second, elsewhere])?.client_id).toBe("c");
  });

  it("passes over what failed and what a person has to decide", () => {
    const entries = [
      entry({ client_id: "a", state: "failed" }),
      entry({ client_id: "b", state: "asking" }),
      entry({ client_id: "c", written_at: 5 }),
    ];
    expect(nextToSend(entries)?.client_id).toBe("c");
  });

  it("tries again after a reload what was on its way", () => {
    const states = afterReload([entry({ state: "sending" }), entry({ state: "failed" })]).map(
      (one) => one.state,
    );
    expect(states).toEqual(["waiting", "failed"]);
  });

  it("gives ids that grow with time and are never the same", () => {
    const ids = Array.from({ length: 200 }, (_, at) => newClientId(1_700_000_000_000 + at));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
