import { t } from "../../../core/i18n";
import { looks } from "../../../core/looks";
import { type Preferences, prefer, usePreferences } from "../../../core/preferences";
import { Select, Switch } from "../../../ui/Fields";
import { Card } from "../parts/PageHead";

/** How the page looks, speaks and is typed into, in this browser. */
export function Appearance() {
  const chosen = usePreferences();
  return (
    <Card title={t("settings.appearance")} hint={t("appearance.hint")}>
      {looks(chosen).map((one) => (
        <Select key={one.label} {...one} />
      ))}
      <Select
        label={t("appearance.send_with")}
        value={chosen.sendWith}
        options={{ enter: t("appearance.send_enter"), "ctrl-enter": t("appearance.send_ctrl_enter") }}
        choose={(sendWith) => void prefer({ sendWith: sendWith as Preferences["sendWith"] })}
      />
      <Switch
        label={t("keys.letters")}
        hint={t("keys.letters_hint")}
        checked={chosen.letterKeys}
        change={(letterKeys) => void prefer({ letterKeys })}
      />
    </Card>
  );
}
