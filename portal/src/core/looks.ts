/** Theme, language and direction, as every place that offers them words the choices. */
import { type Direction, LANGUAGES, type Language, t } from "./i18n";
import { type Preferences, prefer, type Theme } from "./preferences";

export type Look = {
  label: string;
  value: string;
  options: Record<string, string>;
  choose: (value: string) => void;
};

/** What can be chosen, with what is chosen now. */
export const looks = (chosen: Preferences): Look[] => [
  {
    label: t("account.theme"),
    value: chosen.theme,
    options: {
      auto: t("account.theme_auto"),
      light: t("account.theme_light"),
      dark: t("account.theme_dark"),
    },
    choose: (theme) => void prefer({ theme: theme as Theme }),
  },
  {
    label: t("account.language"),
    value: chosen.language,
    options: { auto: t("account.language_auto"), ...LANGUAGES },
    choose: (language) => void prefer({ language: language as Language | "auto" }),
  },
  {
    label: t("account.direction"),
    value: chosen.direction,
    options: {
      auto: t("account.direction_auto"),
      ltr: t("account.direction_ltr"),
      rtl: t("account.direction_rtl"),
    },
    choose: (direction) => void prefer({ direction: direction as Direction }),
  },
];
