import { allOf, type EventType, NOUNS, toggled, typesOf } from "../../../core/event-types";
import { t } from "../../../core/i18n";
import fields from "../../../ui/Fields.module.css";
import styles from "./Office.module.css";

/** Which events a webhook is sent: whole nouns, or single types of them. */
export function EventTypes({
  chosen,
  change,
}: {
  chosen: readonly EventType[];
  change: (chosen: EventType[]) => void;
}) {
  return (
    <fieldset className={fields.choices}>
      <legend>{t("webhooks.types")}</legend>
      <p className={fields.hint}>{t("webhooks.types_hint")}</p>
      <div className={styles.events}>
        {NOUNS.map((noun) => {
          const whole = chosen.includes(allOf(noun));
          return (
            <fieldset key={noun} className={styles.noun}>
              <legend className="listened">{t(`events.${noun}`)}</legend>
              <label className={fields.choice}>
                <input
                  type="checkbox"
                  checked={whole}
                  onChange={(event) => change(toggled(chosen, noun, allOf(noun), event.target.checked))}
                />
                <strong>{t(`events.${noun}`)}</strong>
                <code className={styles.mono}>{allOf(noun)}</code>
              </label>
              {typesOf(noun).map((type) => (
                <label key={type} className={`${fields.choice} ${styles.type}`}>
                  <input
                    type="checkbox"
                    checked={whole || chosen.includes(type)}
                    onChange={(event) => change(toggled(chosen, noun, type, event.target.checked))}
                  />
                  <code className={styles.mono}>{type}</code>
                </label>
              ))}
            </fieldset>
          );
        })}
      </div>
    </fieldset>
  );
}
