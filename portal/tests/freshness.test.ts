import { QueryObserver } from "@tanstack/react-query";
import { afterEach, describe, expect, it } from "vitest";
import type { Message, TimelineItem, TimelinePage } from "../src/core/api";
import { type Asked, PastReader } from "../src/core/history";
import { overtake, queries, renew } from "../src/core/queries";

/** Answers that come when the test says so. */
class Slow<A> {
  readonly asked: { answer: (value: A) => void; fail: (error: Error) => void }[] = [];
  readonly ask = () => new Promise<A>((answer, fail) => this.asked.push({ answer, fail }));
  get times(): number {
    return this.asked.length;
  }
  async answer(value: A): Promise<void> {
    this.asked[this.times - 1]?.answer(value);
    await later();
  }
}
const later = () => new Promise((done) => setTimeout(done, 5));

describe("what an event said while a question was on its way", () => {
  const stops: (() => void)[] = [];
  afterEach(() => {
    for (const stop of stops.splice(0)) stop();
    queries.clear();
  });
  const shown = (slow: Slow<string>, queryKey: string[]): QueryObserver<string> => {
    const observer = new QueryObserver<string>(queries, { queryKey, queryFn: slow.ask });
    stops.push(observer.subscribe(() => undefined));
    return observer;
  };

  it("has the first answer asked for again, also when all is to be read anew", async () => {
    for (const change of [() => overtake(["list"]), () => void renew(["list"]), () => void renew()]) {
      const slow = new Slow<string>();
      const observer = shown(slow, ["list"]);
      change();
      await slow.answer("as it was");
      expect(slow.times).toBe(2);
      await slow.answer("as it is");
      expect(observer.getCurrentResult().data).toBe("as it is");
      expect(slow.times).toBe(2);
      queries.clear();
    }
  });

  it("is not written over by a later answer to an earlier question", async () => {
    const slow = new Slow<string>();
    const observer = shown(slow, ["timeline", "a"]);
    await slow.answer("old");
    void renew(["timeline"]);
    overtake(["timeline", "a"]);
    queries.setQueryData(["timeline", "a"], "told");
    await slow.answer("old");
    expect(slow.times).toBe(3);
    await slow.answer("told");
    expect(observer.getCurrentResult().data).toBe("told");
  });

  it("asks nothing more where no question was on its way", async () => {
    const slow = new Slow<string>();
    shown(slow, ["list"]);
    await slow.answer("as it is");
    overtake(["list"]);
    overtake(["another"]);
    await later();
    expect(slow.times).toBe(1);
  });
});

describe("reading the past", () => {
  const item = (id: string, text = id) =>
    ({ type: "message", id, at: "2026-11-22T10:00:00Z", message: { id, text } }) as unknown as TimelineItem;
  const page = (ids: string[], older: string | null, newer: string | null): TimelinePage => ({
    items: ids.map((id) => item(id)),
    next_cursor: older,
    newer_cursor: newer,
  });
  const texts = (reader: PastReader) => reader.now().past.items.map((one) => one.message?.text);

  it("reads what was told of while it was reading, and undoes no change", async () => {
    const slow = new Slow<TimelinePage>();
    const asked: Asked[] = [];
    const reader = new PastReader(
      (one) => {
        asked.push(one);
        return slow.ask();
      },
      undefined,
      true,
    );
    void reader.begin();
    reader.told({ id: "b", text: "changed" } as Message);
    reader.news();
    await slow.answer(page(["b", "a"], "older", "here"));
    expect(texts(reader)).toEqual(["a", "changed"]);
    expect(asked.at(-1)).toMatchObject({ after: "here" });
    await slow.answer(page(["c"], null, "there"));
    expect(texts(reader)).toEqual(["a", "changed", "c"]);
    expect(asked).toHaveLength(2);
  });

  it("begins at a day, and reads on in both directions", async () => {
    const slow = new Slow<TimelinePage>();
    const asked: Asked[] = [];
    const reader = new PastReader(
      (one) => {
        asked.push(one);
        return slow.ask();
      },
      { dayMs: 86_400_000 },
      true,
    );
    void reader.begin();
    await slow.answer(page(["d", "c"], "older", "newer"));
    expect(asked[0]).toMatchObject({ atMs: 86_400_000 });
    reader.news(); // what comes at the end is not next to what is shown
    expect(asked).toHaveLength(1);
    void reader.older();
    await slow.answer(page(["b"], null, null));
    void reader.newer();
    await slow.answer(page(["e"], null, "end"));
    expect(texts(reader)).toEqual(["b", "c", "d", "e"]);
    expect(reader.now().past).toMatchObject({ older: null, atEnd: true });
  });

  it("says that it failed, and begins again", async () => {
    const slow = new Slow<TimelinePage>();
    const reader = new PastReader(slow.ask, undefined, true);
    void reader.begin();
    slow.asked[0]?.fail(new Error("no network"));
    await later();
    expect(reader.now()).toMatchObject({ state: "failed", error: new Error("no network") });
    void reader.begin();
    await slow.answer(page(["a"], null, "here"));
    expect(reader.now()).toMatchObject({ state: "ready", reading: undefined });
  });
});
