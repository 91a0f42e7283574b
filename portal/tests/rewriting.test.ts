import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Message, TimelineItem } from "../src/core/api";
import { keepWords, type Pages, timelineItems } from "../src/core/conversations";
import { speak } from "../src/core/i18n";
import { keys, queries } from "../src/core/queries";
import { editableUntilMs, lastOwn, untilText } from "../src/core/rewriting";

beforeAll(() => speak("en", "auto"));

const said = (id: string, changes: Partial<Message> = {}) =>
  ({
    id,
    conversation_id: "conv_1",
    direction: "internal",
    user_id: "usr_me",
    text: "As it was",
    created_at: "2026-03-01T10:00:00Z",
    edited_at: null,
    deleted_at: null,
    reactions: [],
    attachments: [],
    ...changes,
  }) as unknown as Message;

const item = (message: Message) => ({ type: "message", id: message.id, message }) as unknown as TimelineItem;

describe("what can be edited", () => {
  it("is what one said last oneself and did not take back", () => {
    const items = [
      item(said("msg_1")),
      item(said("msg_2")),
      item(said("msg_3", { deleted_at: "2026-03-01T10:01:00Z" })),
      item(said("msg_4", { user_id: "usr_other" })),
      item(said("msg_5", { direction: "outbound" })),
    ];
    expect(lastOwn(items, "usr_me")?.id).toBe("msg_2");
    expect(lastOwn(items, "usr_nobody")).toBeUndefined();
  });

  it("is so for as long as the domain says", () => {
    expect(editableUntilMs(said("msg_1"), 90)).toBe(Date.parse("2026-03-01T10:01:30Z"));
  });

  it("says until when without being wrong about the day", () => {
    const now = new Date(2026, 2, 1, 10, 0).getTime();
    expect(untilText(new Date(2026, 2, 1, 18, 30).getTime(), now)).toMatch(/^6:30\sPM$/);
    expect(untilText(new Date(2026, 2, 2, 9, 0).getTime(), now)).toMatch(/^Monday/);
    expect(untilText(new Date(2027, 2, 1).getTime(), now)).toBe("March 1, 2027");
  });
});

describe("the answer to a change of one's own words", () => {
  const now = () => timelineItems(queries.getQueryData<Pages>(keys.timeline("conv_1")))[0]?.message;
  const show = (message: Message) =>
    queries.setQueryData(keys.timeline("conv_1"), {
      pages: [{ items: [item(message)], next_cursor: null, newer_cursor: null }],
      pageParams: [undefined],
    });

  beforeEach(() => queries.clear());

  it("brings the words and leaves what came meanwhile", () => {
    const reactions = [{ emoji: "👍", user_ids: ["usr_other"] }];
    show(said("msg_1", { reactions }));
    keepWords(said("msg_1", { text: "Better", edited_at: "2026-03-01T10:02:00Z" }));
    expect(now()).toMatchObject({ text: "Better", edited_at: "2026-03-01T10:02:00Z", reactions });
  });

  it("never undoes a later change that an event told of", () => {
    show(said("msg_1", { text: "Best", edited_at: "2026-03-01T10:03:00Z" }));
    keepWords(said("msg_1", { text: "Better", edited_at: "2026-03-01T10:02:00Z" }));
    expect(now()?.text).toBe("Best");
    show(said("msg_1", { text: "", deleted_at: "2026-03-01T10:04:00Z" }));
    keepWords(said("msg_1", { text: "Better", edited_at: "2026-03-01T10:05:00Z" }));
    expect(now()).toMatchObject({ text: "", deleted_at: "2026-03-01T10:04:00Z" });
  });

  it("takes everything away with what was taken back", () => {
    show(said("msg_1", { reactions: [{ emoji: "👍", user_ids: ["usr_other"] }] }));
    keepWords(said("msg_1", { text: "", deleted_at: "2026-03-01T10:04:00Z" }));
    expect(now()).toMatchObject({ text: "", deleted_at: "2026-03-01T10:04:00Z", reactions: [] });
  });
});
