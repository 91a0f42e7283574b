import { MessageSquare, Phone, Settings, Voicemail } from "lucide-react";
import { Link } from "wouter";
import { t } from "../../../core/i18n";
import styles from "./Home.module.css";

const PLACES = [
  {
    href: "/messages?tab=written",
    label: "messages.written",
    hint: "home.written_hint",
    Icon: MessageSquare,
  },
  {
    href: "/messages?tab=voicemail",
    label: "messages.voicemail",
    hint: "home.voicemail_hint",
    Icon: Voicemail,
  },
  { href: "/calls", label: "nav.calls", hint: "home.calls_hint", Icon: Phone },
  { href: "/settings", label: "nav.settings", hint: "home.settings_hint", Icon: Settings },
] as const;

/** Where one can go from here, for those who manage nothing. */
export function Shortcuts() {
  return (
    <ul className={styles.places}>
      {PLACES.map(({ href, label, hint, Icon }) => (
        <li key={href}>
          <Link href={href} className={styles.place}>
            <Icon size={22} aria-hidden="true" />
            <strong>{t(label)}</strong>
            <span>{t(hint)}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
