/** What a person has chosen for this browser: language, direction, theme, how a message is sent. */
import { create } from "zustand";
import { chosenLanguage, type Direction, type Language, speak } from "./i18n";

export type Theme = "auto" | "light" | "dark";

export type Preferences = {
  language: Language | "auto";
  direction: Direction;
  theme: Theme;
  /** Which key sends: Enter, or Ctrl+Enter with Enter for a new line. */
  sendWith: "enter" | "ctrl-enter";
  /** Whether single letters are shortcuts; people who speak to their computer turn them off. */
  letterKeys: boolean;
};

const STORED = "ringback.preferences";
const DEFAULTS: Preferences = {
  language: "auto",
  direction: "auto",
  theme: "auto",
  sendWith: "enter",
  letterKeys: true,
};

export const usePreferences = create<Preferences>(() => ({ ...DEFAULTS, ...stored() }));

function stored(): Partial<Preferences> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(STORED) ?? "{}");
    return typeof kept === "object" && kept !== null ? (kept as Partial<Preferences>) : {};
  } catch {
    return {};
  }
}

export function spokenLanguage(): Language {
  const { language } = usePreferences.getState();
  return language === "auto" ? chosenLanguage(navigator.languages) : language;
}

export async function prefer(changes: Partial<Preferences>): Promise<void> {
  usePreferences.setState(changes);
  try {
    localStorage.setItem(STORED, JSON.stringify(usePreferences.getState()));
  } catch {
    // A browser that keeps nothing still honours the choice until the page is closed.
  }
  await applyPreferences();
}

/** Have the page look and speak as chosen. */
export async function applyPreferences(): Promise<void> {
  const { theme, direction } = usePreferences.getState();
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  await speak(spokenLanguage(), direction);
}
