import { IntlMessageFormat } from "intl-messageformat";
import { describe, expect, it } from "vitest";
import de from "../src/locales/de";
import en from "../src/locales/en";

type Part = { type: number; value?: string; options?: Record<string, { value: Part[] }>; children?: Part[] };

/** The names of the values a message takes. */
function values(text: string, language: string): string[] {
  const found = new Set<string>();
  const walk = (parts: Part[]) => {
    for (const part of parts) {
      if (part.type !== 0 && part.type !== 7 && part.value !== undefined) found.add(part.value);
      for (const option of Object.values(part.options ?? {})) walk(option.value);
      if (part.children) walk(part.children);
    }
  };
  walk(new IntlMessageFormat(text, language, undefined, { ignoreTag: true }).getAst() as Part[]);
  return [...found].sort();
}

describe("the catalogues", () => {
  it("have the same keys in every language", () => {
    expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort());
  });

  it("are valid ICU messages that take the same values", () => {
    for (const [key, text] of Object.entries(en)) {
      const other = (de as Record<string, string>)[key] ?? "";
      expect(values(other, "de"), key).toEqual(values(text, "en"));
    }
  });

  it("leave no text empty and none untranslated by mistake", () => {
    for (const [key, text] of Object.entries(de)) expect(text.trim(), key).not.toBe("");
  });
});
