import { beforeAll, describe, expect, it } from "vitest";
import { chosenLanguage, dayText, octetsText, speak } from "../src/core/i18n";
import { matches, type Person, userPerson } from "../src/core/people";
import { initials } from "../src/ui/Avatar";
import { pieces } from "../src/views/conversations/RichText";

beforeAll(() => speak("en", "auto"));

const links = (text: string) =>
  pieces(text)
    .filter((one) => one.link)
    .map((one) => one.text);

describe("what somebody wrote", () => {
  it("keeps every character, links or not", () => {
    const text = "See https://a.example/x?y=1, or (http://b.example). Bye";
    expect(
      pieces(text)
        .map((one) => one.text)
        .join(""),
    ).toBe(text);
    expect(links(text)).toEqual(["https://a.example/x?y=1", "http://b.example"]);
  });

  it("makes a link of nothing but web addresses", () => {
    for (const text of [
      "javascript:alert(1)",
      "data:text/html,x",
      "https://",
      "xhttp://a.example",
      "<a href=x>",
    ]) {
      expect(links(text), text).toEqual([]);
    }
  });
});

describe("finding people", () => {
  const bob: Person = userPerson({ user_id: "usr_1", extension: "102", display_name: "Bob Böhm" });

  it("takes the beginning of any word, whatever its case and accents", () => {
    for (const query of ["bob", "bohm", "BÖ", "b b", "102"]) expect(matches(bob, query), query).toBe(true);
    for (const query of ["öhm", "bob x", "103"]) expect(matches(bob, query), query).toBe(false);
  });

  it("finds digits anywhere in a number", () => {
    const carla = { ...bob, number: "+12025550123" };
    for (const query of ["5550123", "555-0123", "+1202"]) expect(matches(carla, query), query).toBe(true);
    expect(matches(carla, "99")).toBe(false);
  });
});

describe("words for things", () => {
  it("speaks the first language it knows", () => {
    expect(chosenLanguage(["fr-FR", "de-AT", "en"])).toBe("de");
    expect(chosenLanguage(["fr"])).toBe("en");
  });

  it("names days as people do", () => {
    const now = new Date(2026, 10, 20, 12);
    expect(dayText(new Date(2026, 10, 20, 0, 1), now)).toBe("Today");
    expect(dayText(new Date(2026, 10, 19, 23, 59), now)).toBe("Yesterday");
    expect(dayText(new Date(2025, 10, 20), now)).toContain("2025");
  });

  it("says sizes in whole units", () => {
    expect(octetsText(999)).toBe("999 byte");
    expect(octetsText(1_500)).toBe("1.5 kB");
    expect(octetsText(25_000_000)).toBe("25 MB");
  });

  it("makes initials of any name", () => {
    expect(initials("Anna Maria Adler")).toBe("AA");
    expect(initials("Çelik")).toBe("Ç");
    expect(initials("+1 202")).toBe("#");
    expect(initials("")).toBe("#");
  });
});
