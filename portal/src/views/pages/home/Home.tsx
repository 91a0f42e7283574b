import { t } from "../../../core/i18n";
import { useMe } from "../../../core/session";

/** The first page after log-in. */
export function Home() {
  const { user } = useMe();
  return <h1>{t("home.welcome", { name: user.display_name })}</h1>;
}
