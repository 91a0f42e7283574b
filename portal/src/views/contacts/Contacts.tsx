import { t } from "../../core/i18n";

export function Contacts() {
  return <aside aria-label={t("nav.contacts")} />;
}
