import { describe, expect, it } from "vitest";
import { sameName, sameNumber } from "../src/core/administration";
import { type EventType, toggled } from "../src/core/event-types";

describe("what is typed before somebody is erased", () => {
  it("is the name, give or take blanks", () => {
    expect(sameName("  Cem  Çelik ", "Cem Çelik")).toBe(true);
    expect(sameName("Cem Çelik".normalize("NFD"), "Cem Çelik")).toBe(true);
    expect(sameName("Cem", "Cem Çelik")).toBe(false);
    expect(sameName("cem çelik", "Cem Çelik")).toBe(false);
  });

  it("is the number, however it is grouped, and never nothing", () => {
    expect(sameNumber("+1 (202) 555-0123", "+12025550123")).toBe(true);
    expect(sameNumber("2025550123", "+12025550123")).toBe(false);
    expect(sameNumber(" ", "")).toBe(false);
  });
});

describe("the events of a webhook", () => {
  const some: EventType[] = ["call.*", "contact.created"];

  it("take all of a noun in place of its types", () => {
    expect(toggled(some, "contact", "contact.*", true)).toEqual(["call.*", "contact.*"]);
    expect(toggled(["contact.*"], "contact", "contact.*", false)).toEqual([]);
  });

  it("keep the other types of a noun when one is left out", () => {
    expect(toggled(["contact.*"], "contact", "contact.imported", false)).toEqual([
      "contact.created",
      "contact.updated",
      "contact.deleted",
    ]);
  });

  it("are single types where those are chosen", () => {
    expect(toggled(some, "message", "message.created", true)).toEqual([...some, "message.created"]);
    expect(toggled(some, "contact", "contact.created", false)).toEqual(["call.*"]);
  });
});
