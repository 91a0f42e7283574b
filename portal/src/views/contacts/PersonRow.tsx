import { MessageSquare, Phone, Smartphone, Star } from "lucide-react";
import { memo } from "react";
import { placeCall } from "../../core/calls";
import { t } from "../../core/i18n";
import { writeTo } from "../../core/opening";
import { type Person, usePresence } from "../../core/people";
import { Avatar } from "../../ui/Avatar";
import { IconButton } from "../../ui/Button";
import { PresenceDot, presenceText } from "../../ui/PresenceDot";
import styles from "./Contacts.module.css";

/** Somebody, with the buttons that call and write to them; Enter on the row writes. */
export const PersonRow = memo(function PersonRow({
  person,
  at,
  current,
  take,
}: {
  person: Person;
  at: number;
  current: boolean;
  take: () => void;
}) {
  const presence = usePresence(person.userId);
  const { dial, name } = person;
  const detail = [person.detail, presence?.text || (presence ? presenceText(presence) : "")]
    .filter(Boolean)
    .join(" · ");
  return (
    // biome-ignore lint/a11y/useSemanticElements: a row of buttons that is one stop for Tab
    <div
      className={styles.row}
      role="group"
      aria-label={`${name}, ${detail}`}
      data-at={at}
      tabIndex={current ? 0 : -1}
      onFocus={take}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || event.target !== event.currentTarget) return;
        event.preventDefault();
        void writeTo(person);
      }}
    >
      <span className={styles.face}>
        <Avatar name={name} id={person.key} />
        {person.userId ? <PresenceDot userId={person.userId} /> : null}
      </span>
      <span className={styles.who}>
        <span className={styles.name} dir="auto">
          {name}
          {person.favourite ? (
            <Star size={13} className={styles.star} aria-label={t("contacts.favourite")} />
          ) : null}
        </span>
        <span className={styles.detail}>
          <bdi>{detail}</bdi>
        </span>
      </span>
      <span className={styles.actions}>
        {dial !== null ? (
          <IconButton
            small
            tabIndex={-1}
            label={t("contacts.call", { name })}
            onClick={() => void placeCall(dial, name)}
          >
            <Phone size={18} aria-hidden="true" />
          </IconButton>
        ) : null}
        {person.target !== null ? (
          <IconButton
            small
            tabIndex={-1}
            label={t(person.leadsTo === "sms" ? "contacts.text" : "contacts.chat", { name })}
            onClick={() => void writeTo(person)}
          >
            {person.leadsTo === "sms" ? (
              <Smartphone size={18} aria-hidden="true" />
            ) : (
              <MessageSquare size={18} aria-hidden="true" />
            )}
          </IconButton>
        ) : null}
      </span>
    </div>
  );
});
