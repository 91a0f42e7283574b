/**
 * Every text of the portal: ICU messages by key, one catalogue a language.
 *
 * English is the catalogue that the others are held to; a language is loaded when it is chosen.
 * Dates and numbers are written by `Intl`, in the same language.
 */
import { IntlMessageFormat } from "intl-messageformat";
import { create } from "zustand";
import type en from "../locales/en";

export type Key = keyof typeof en;
export type Catalogue = Record<Key, string>;
type Value = string | number | Date | boolean | null | undefined;
export type Values = Record<string, Value>;

/** By their own names; a new one needs a catalogue and a line here. */
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;
export type Direction = "auto" | "ltr" | "rtl";

const loaders: Record<Language, () => Promise<{ default: Record<string, string> }>> = {
  en: () => import("../locales/en"),
  de: () => import("../locales/de"),
};

const RTL_LANGUAGES = new Set(["ar", "fa", "he", "ur"]);

type State = { language: Language; catalogue: Partial<Catalogue> };
export const useLanguage = create<State>(() => ({ language: "en", catalogue: {} }));

let formats = new Map<Key, IntlMessageFormat>();

/** The first of the wanted languages that there is a catalogue for. */
export function chosenLanguage(wanted: readonly string[]): Language {
  for (const one of wanted) {
    const base = one.toLowerCase().split("-")[0] ?? "";
    if (base in LANGUAGES) return base as Language;
  }
  return "en";
}

/** Load a language and draw everything in it. */
export async function speak(language: Language, direction: Direction): Promise<void> {
  const { default: catalogue } = await loaders[language]();
  formats = new Map();
  document.documentElement.lang = language;
  const natural = RTL_LANGUAGES.has(language) ? "rtl" : "ltr";
  document.documentElement.dir = direction === "auto" ? natural : direction;
  useLanguage.setState({ language, catalogue: catalogue as Catalogue });
}

/** A text in the language spoken now. */
export function t(key: Key, values?: Values): string {
  const { language, catalogue } = useLanguage.getState();
  const text = catalogue[key];
  if (text === undefined) return key;
  if (typeof text === "string" && !/[{}']/.test(text)) return text;
  let format = formats.get(key);
  if (format === undefined) {
    // The build has parsed it already; in the tests it is the text itself.
    format = new IntlMessageFormat(text, language, undefined, { ignoreTag: true });
    formats.set(key, format);
  }
  return String(format.format(values));
}

/** The sentence for a refusal: ours by its code, else the engine's own. */
export function hasKey(key: string): key is Key {
  return key in useLanguage.getState().catalogue;
}

const dateFormats = new Map<string, Intl.DateTimeFormat>();

/** `Intl.DateTimeFormat`, made once for each language and shape. */
export function dateText(when: Date | string, shape: Intl.DateTimeFormatOptions): string {
  const { language } = useLanguage.getState();
  // A browser that speaks the language too knows the country's way of writing it.
  const locale = navigator.languages.find((one) => one.toLowerCase().startsWith(language)) ?? language;
  const key = locale + JSON.stringify(shape);
  let format = dateFormats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(locale, shape);
    dateFormats.set(key, format);
  }
  return format.format(typeof when === "string" ? new Date(when) : when);
}

export const clockText = (when: Date | string) => dateText(when, { hour: "numeric", minute: "2-digit" });

/** A day as people say it: today, yesterday, a weekday of this week, else the date. */
export function dayText(when: Date | string, now = new Date()): string {
  const day = typeof when === "string" ? new Date(when) : when;
  const days = Math.round((startOfDay(now) - startOfDay(day)) / 86_400_000);
  if (days === 0) return t("date.today");
  if (days === 1) return t("date.yesterday");
  if (days > 1 && days < 7) return dateText(day, { weekday: "long" });
  const sameYear = day.getFullYear() === now.getFullYear();
  return dateText(day, { day: "numeric", month: "long", ...(sameYear ? {} : { year: "numeric" }) });
}

/** When something was, as short as a list allows: the clock today, else the day. */
export function shortWhen(when: string, now = new Date()): string {
  const day = new Date(when);
  const days = Math.round((startOfDay(now) - startOfDay(day)) / 86_400_000);
  if (days <= 0) return clockText(day);
  if (days < 7) return dateText(day, { weekday: "short" });
  return dateText(day, { day: "numeric", month: "short" });
}

export function numberText(value: number): string {
  return new Intl.NumberFormat(useLanguage.getState().language).format(value);
}

/** A size as people say it. */
export function octetsText(octets: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
  let value = octets;
  let at = 0;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  const { language } = useLanguage.getState();
  const shape = {
    style: "unit",
    unit: units[at],
    unitDisplay: "short",
    maximumFractionDigits: value < 10 ? 1 : 0,
  };
  return new Intl.NumberFormat(language, shape as Intl.NumberFormatOptions).format(value);
}

/** "Ann, Bob and Cem" as the language joins names. */
export function listText(parts: readonly string[]): string {
  return new Intl.ListFormat(useLanguage.getState().language, { type: "conjunction" }).format(parts);
}

function startOfDay(day: Date): number {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
}
