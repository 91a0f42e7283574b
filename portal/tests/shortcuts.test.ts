import { beforeAll, describe, expect, it } from "vitest";
import type { Conversation } from "../src/core/api";
import { speak } from "../src/core/i18n";
import { type Person, userPerson } from "../src/core/people";
import { type Pressed, wishOf } from "../src/core/shortcuts";
import { goalsOf } from "../src/core/switching";

beforeAll(() => speak("en", "auto"));

const key = (name: string, more: Partial<Pressed> = {}): Pressed => ({
  key: name,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...more,
});
const anywhere = { typing: false, letterKeys: true, mac: false };

describe("a key", () => {
  it("with Ctrl counts while somebody types, with Cmd on a Mac", () => {
    const typing = { ...anywhere, typing: true };
    expect(wishOf(key("k", { ctrlKey: true }), typing)).toBe("switch");
    expect(wishOf(key("J", { ctrlKey: true }), typing)).toBe("unread");
    expect(wishOf(key("k", { metaKey: true }), typing)).toBeUndefined();
    expect(wishOf(key("k", { metaKey: true }), { ...typing, mac: true })).toBe("switch");
    expect(wishOf(key("k", { ctrlKey: true }), { ...typing, mac: true })).toBeUndefined();
    expect(wishOf(key("F6"), typing)).toBe("part");
    expect(wishOf(key("F6", { shiftKey: true }), typing)).toBe("part_back");
  });

  it("that is a single letter counts only for who wants it and is not typing", () => {
    for (const [letter, wish] of [
      ["j", "unread"],
      ["n", "new"],
      ["/", "search"],
      ["?", "keys"],
    ] as const) {
      expect(wishOf(key(letter), anywhere)).toBe(wish);
      expect(wishOf(key(letter), { ...anywhere, typing: true })).toBeUndefined();
      expect(wishOf(key(letter), { ...anywhere, letterKeys: false })).toBeUndefined();
    }
    expect(wishOf(key("x"), anywhere)).toBeUndefined();
    expect(wishOf(key("constructor"), anywhere)).toBeUndefined();
  });

  it("of the browser's stays the browser's", () => {
    expect(wishOf(key("J", { ctrlKey: true, shiftKey: true }), anywhere)).toBeUndefined();
    expect(wishOf(key("n", { ctrlKey: true }), anywhere)).toBeUndefined();
    expect(wishOf(key("F6", { ctrlKey: true }), anywhere)).toBeUndefined();
    // AltGr is Ctrl and Alt: it writes something.
    expect(wishOf(key("/", { ctrlKey: true, altKey: true }), anywhere)).toBeUndefined();
  });

  it("for the overview is reached where the stroke needs Shift", () => {
    expect(wishOf(key("/", { ctrlKey: true, shiftKey: true }), anywhere)).toBe("keys");
    expect(wishOf(key("?", { shiftKey: true }), anywhere)).toBe("keys");
  });
});

describe("where one can go", () => {
  const member = (id: string, name: string, extension: string) => ({ user_id: id, name, extension });
  const me = member("usr_me", "Anna Adler", "101");
  const chat = (id: string, name: string | null, others: ReturnType<typeof member>[], unread = 0) =>
    ({
      id,
      kind: "chat",
      name,
      members: [me, ...others],
      contacts: [],
      unread,
      marked_unread: false,
    }) as unknown as Conversation;
  const bob = member("usr_bob", "Bob Böhm", "102");
  const cem = member("usr_cem", "Cem Çelik", "103");
  const latest = [
    chat("conv_cem", null, [cem]),
    chat("conv_bob", null, [bob], 2),
    chat("conv_all", "Lunch", [bob, cem]),
  ];
  const people: Person[] = [
    userPerson({ user_id: "usr_bob", extension: "102", display_name: "Bob Böhm" }),
    userPerson({ user_id: "usr_bo", extension: "110", display_name: "Bo Lund" }),
  ];
  const keysOf = (query: string, found: Person[] = []) =>
    goalsOf(query, latest, found, "usr_me").map((one) => one.key);

  it("begins with what waits, then with the latest", () => {
    expect(keysOf("")).toEqual(["conv_bob", "conv_cem", "conv_all"]);
  });

  it("is found by names of conversations and of who is in them, whatever the accents", () => {
    expect(keysOf("lun")).toEqual(["conv_all"]);
    expect(keysOf("celik")).toEqual(["conv_cem", "conv_all"]);
    expect(keysOf("102")).toEqual(["conv_bob", "conv_all"]);
    expect(keysOf("öhm")).toEqual([]);
  });

  it("names nobody twice: a person follows only without a conversation of two", () => {
    expect(keysOf("bo", people)).toEqual(["conv_bob", "conv_all", "usr_bo"]);
  });
});
