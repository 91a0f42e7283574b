import { describe, expect, it } from "vitest";
import { agentText } from "../src/core/agents";
import type { Message, TimelineItem, TimelinePage } from "../src/core/api";
import { dialOf, talkS } from "../src/core/call-log";
import { clockLength } from "../src/core/durations";
import { begun, indexOfDay, withMessage, withNewer, withOlder } from "../src/core/history";
import { dismissedMs, type Missed, newestMs, waitingMessages } from "../src/core/missed";
import { octetsOf } from "../src/core/push";
import { dayAfter, everyDay, stacked, today, totalCosts } from "../src/core/usage";
import { spansOf, USUAL, weekOf } from "../src/core/working-hours";

const item = (id: string, at = "2026-11-22T10:00:00Z") =>
  ({
    type: "message",
    id,
    at,
    message: { id, text: id },
    notice: null,
    call: null,
    voicemail: null,
  }) as unknown as TimelineItem;
/** As the engine gives it: newest first. */
const page = (ids: string[], next: string | null, newer: string | null): TimelinePage => ({
  items: ids.map((id) => item(id)),
  next_cursor: next,
  newer_cursor: newer,
});
const ids = (past: { items: readonly TimelineItem[] }) => past.items.map((one) => one.id).join("");

describe("a history", () => {
  it("grows at both ends without gaps or repetitions, oldest first", () => {
    let past = begun(page(["f", "e", "d"], "older", "newer"), false);
    past = withOlder(past, page(["c", "b"], null, null));
    past = withNewer(past, page(["h", "g", "f"], null, "latest"), 3);
    expect(ids(past)).toBe("bcdefgh");
    expect(past).toMatchObject({ older: null, newer: "latest", atEnd: false });
  });

  it("has reached its end when fewer came than were asked for, and keeps its position when nothing came", () => {
    const past = withNewer(begun(page(["a"], null, "here"), false), page([], null, null), 3);
    expect(past).toMatchObject({ atEnd: true, newer: "here" });
  });

  it("shows the latest words of a message, and nothing of a message that is not loaded", () => {
    const past = begun(page(["b", "a"], null, null), true);
    const edited = withMessage(past, { id: "a", text: "better" } as Message);
    expect(edited.items[0]?.message?.text).toBe("better");
    expect(withMessage(past, { id: "z", text: "elsewhere" } as Message)).toBe(past);
  });

  it("finds where a day begins", () => {
    const items = [item("a", "2026-11-20T09:00:00Z"), item("b", "2026-11-22T09:00:00Z")];
    expect(indexOfDay(items, Date.parse("2026-11-21T00:00:00Z"))).toBe(1);
    expect(indexOfDay(items, Date.parse("2026-11-23T00:00:00Z"))).toBe(-1);
  });
});

describe("working hours", () => {
  it("join days with the same times, and come back as the same week", () => {
    expect(spansOf(USUAL)).toEqual(["Mon-Fri 08:00-18:00"]);
    const week = USUAL.map((day, at) =>
      at === 4 ? { ...day, closes: "15:00" } : at === 5 ? { ...day, on: true } : day,
    );
    expect(spansOf(week)).toEqual(["Mon-Thu 08:00-18:00", "Fri 08:00-15:00", "Sat 08:00-18:00"]);
    expect(spansOf(weekOf(spansOf(week)) ?? [])).toEqual(spansOf(week));
  });

  it("are no week where a day has two spans or a span cannot be read", () => {
    expect(weekOf(["Mon 08:00-12:00", "Mon 13:00-18:00"])).toBeUndefined();
    expect(weekOf(["Mon, 8 to 5"])).toBeUndefined();
    expect(weekOf(["Fri-Mon 08:00-12:00"])).toBeUndefined();
  });
});

describe("usage", () => {
  const row = (group: string, figures: number[], micros = 0) => ({
    group,
    figures,
    costs: micros ? [{ currency: "USD", micros }] : [],
  });

  it("has a row for every day, over the end of a month", () => {
    const rows = everyDay([row("2026-03-01", [3])], "2026-02-27", "2026-03-02", 1);
    expect(rows.map((one) => one.figures[0])).toEqual([0, 0, 3, 0]);
    expect(rows.map((one) => one.group)).toEqual(["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]);
  });

  it("stands on each other: the sum first, then what is left of it", () => {
    expect(
      stacked([
        [1, 2],
        [10, 20],
      ]),
    ).toEqual([
      [11, 22],
      [1, 2],
    ]);
    expect(stacked([[5]])).toEqual([[5]]);
  });

  it("is summed by currency", () => {
    expect(totalCosts([row("a", [], 5), row("b", [], 7)])).toEqual([{ currency: "USD", micros: 12 }]);
  });

  it("knows the day of a time zone", () => {
    const late = new Date("2026-11-22T23:30:00Z");
    expect(today("UTC", late)).toBe("2026-11-22");
    expect(today("Europe/Berlin", late)).toBe("2026-11-23");
    expect(dayAfter("2026-12-31", 1)).toBe("2027-01-01");
  });
});

describe("what was missed", () => {
  const nothing = { conversations: 0, items: [] };
  const missed = {
    total: 2,
    messages: 4,
    chats: { conversations: 1, items: [{ last_message_at: "2026-11-22T10:00:00Z" }] },
    texts: nothing,
    voicemails: { count: 2, items: [{ received_at: "2026-11-22T11:00:00Z" }] },
    missed_calls: { count: 0, items: [] },
  } as unknown as Missed;

  it("counts what waits on the page of messages, and knows when the newest came", () => {
    expect(waitingMessages(missed)).toBe(3);
    expect(newestMs(missed)).toBe(Date.parse("2026-11-22T11:00:00Z"));
  });

  it("was put aside by one user, not by another", () => {
    expect(dismissedMs({ usr_a: 5 }, "usr_a")).toBe(5);
    expect(dismissedMs({ usr_a: 5 }, "usr_b")).toBe(0);
  });
});

describe("calls", () => {
  it("last from the answer on, and never negatively", () => {
    const call = (answered_at: string | null, ended_at: string | null) => talkS({ answered_at, ended_at });
    expect(call("2026-11-22T10:00:00Z", "2026-11-22T10:02:05Z")).toBe(125);
    expect(call("2026-11-22T10:00:05Z", "2026-11-22T10:00:00Z")).toBe(0);
    expect(call(null, "2026-11-22T10:00:00Z")).toBeNull();
    expect([7, 750, 3723].map(clockLength)).toEqual(["0:07", "12:30", "1:02:03"]);
  });

  it("reach a colleague at the extension, and nobody who has left", () => {
    const users = new Map([["usr_b", { extension: "102" }]]);
    expect(dialOf({ peer: "usr_b", peer_user_id: "usr_b", peer_name: "Bob" }, users)).toBe("102");
    expect(dialOf({ peer: "usr_c", peer_user_id: "usr_c", peer_name: "Cem" }, users)).toBe("");
    expect(dialOf({ peer: "+12025550123", peer_user_id: null, peer_name: "" }, users)).toBe("+12025550123");
  });
});

describe("browsers", () => {
  it("are called what people call them", () => {
    expect(agentText("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0")).toBe(
      "Firefox, Linux",
    );
    expect(agentText("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19.0 Mobile Safari/604.1")).toBe(
      "Safari, iOS",
    );
    expect(agentText("curl/8")).toBe("curl/8");
  });

  it("get keys as octets", () => {
    expect([...octetsOf("-_8A")]).toEqual([251, 255, 0]);
  });
});
