import { t } from "../../../core/i18n";
import { PageHead } from "../parts/PageHead";
import { Tabs } from "../parts/Tabs";
import { Devices } from "./Devices";
import { Domain } from "./Domain";
import { Erasures } from "./Erasures";
import { Keys } from "./Keys";
import { Mailboxes } from "./Mailboxes";
import { Numbers } from "./Numbers";
import { Users } from "./Users";
import { Webhooks } from "./Webhooks";

/** What an office manager looks after. */
export function Office() {
  return (
    <>
      <PageHead title={t("nav.office")} hint={t("office.hint")} />
      <Tabs
        label={t("nav.office")}
        tabs={[
          { id: "users", label: t("office.users"), panel: () => <Users /> },
          { id: "numbers", label: t("office.numbers"), panel: () => <Numbers /> },
          { id: "devices", label: t("office.devices"), panel: () => <Devices /> },
          { id: "mailboxes", label: t("office.mailboxes"), panel: () => <Mailboxes /> },
          { id: "keys", label: t("office.keys"), panel: () => <Keys /> },
          { id: "webhooks", label: t("office.webhooks"), panel: () => <Webhooks /> },
          { id: "domain", label: t("office.domain"), panel: () => <Domain /> },
          { id: "erasures", label: t("office.erasures"), panel: () => <Erasures /> },
        ]}
      />
    </>
  );
}
