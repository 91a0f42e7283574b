import { Bell } from "lucide-react";
import { t } from "../../core/i18n";
import { answerAsking, useAsking } from "../../core/notify";
import { toast } from "../../core/toasts";
import { Button } from "../../ui/Button";
import styles from "./AskToNotify.module.css";

/** Explains notifications when the first thing arrives; the browser is asked only after a yes. */
export function AskToNotify() {
  const asking = useAsking((store) => store.asking);
  if (!asking) return null;

  async function yes() {
    const answer = await answerAsking(true);
    toast(t(answer === "granted" ? "notify.granted" : "notify.denied"));
  }

  return (
    <section className={styles.card} data-region="" aria-label={t("notify.ask_title")}>
      <Bell size={20} aria-hidden="true" />
      <div>
        <h2>{t("notify.ask_title")}</h2>
        <p>{t("notify.ask_text")}</p>
        <div className={styles.actions}>
          <Button look="primary" onClick={() => void yes()}>
            {t("notify.ask_yes")}
          </Button>
          <Button onClick={() => void answerAsking(false)}>{t("notify.ask_no")}</Button>
        </div>
      </div>
    </section>
  );
}
