import { type Direction, LANGUAGES, type Language, t } from "../../../core/i18n";
import { type Preferences, prefer, type Theme, usePreferences } from "../../../core/preferences";
import { Select } from "../parts/Fields";
import { Card } from "../parts/PageHead";

/** How the page looks, speaks and is typed into, in this browser. */
export function Appearance() {
  const chosen = usePreferences();
  return (
    <Card title={t("settings.appearance")} hint={t("appearance.hint")}>
      <Select
        label={t("account.theme")}
        value={chosen.theme}
        options={{
          auto: t("account.theme_auto"),
          light: t("account.theme_light"),
          dark: t("account.theme_dark"),
        }}
        choose={(theme) => void prefer({ theme: theme as Theme })}
      />
      <Select
        label={t("account.language")}
        value={chosen.language}
        options={{ auto: t("account.language_auto"), ...LANGUAGES }}
        choose={(language) => void prefer({ language: language as Language | "auto" })}
      />
      <Select
        label={t("account.direction")}
        value={chosen.direction}
        options={{
          auto: t("account.direction_auto"),
          ltr: t("account.direction_ltr"),
          rtl: t("account.direction_rtl"),
        }}
        choose={(direction) => void prefer({ direction: direction as Direction })}
      />
      <Select
        label={t("appearance.send_with")}
        value={chosen.sendWith}
        options={{ enter: t("appearance.send_enter"), "ctrl-enter": t("appearance.send_ctrl_enter") }}
        choose={(sendWith) => void prefer({ sendWith: sendWith as Preferences["sendWith"] })}
      />
    </Card>
  );
}
