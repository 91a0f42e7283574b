import { t } from "../../../core/i18n";
import { PageHead } from "../parts/PageHead";
import { Tabs } from "../parts/Tabs";
import { Appearance } from "./Appearance";
import { Notifications } from "./Notifications";
import { Phones } from "./Phones";
import { Profile } from "./Profile";
import { Security } from "./Security";
import { Texts } from "./Texts";

/** What a person decides for themselves. */
export function Settings() {
  return (
    <>
      <PageHead title={t("nav.settings")} />
      <Tabs
        label={t("nav.settings")}
        tabs={[
          { id: "profile", label: t("settings.profile"), panel: () => <Profile /> },
          { id: "notifications", label: t("settings.notifications"), panel: () => <Notifications /> },
          { id: "phones", label: t("settings.phones"), panel: () => <Phones /> },
          { id: "texts", label: t("settings.texts"), panel: () => <Texts /> },
          { id: "appearance", label: t("settings.appearance"), panel: () => <Appearance /> },
          { id: "security", label: t("settings.security"), panel: () => <Security /> },
        ]}
      />
    </>
  );
}
