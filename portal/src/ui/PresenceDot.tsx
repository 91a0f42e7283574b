import { t } from "../core/i18n";
import { usePresence } from "../core/people";
import styles from "./PresenceDot.module.css";

/** The green icon of who is logged in; what their phone does is part of its name. */
export function PresenceDot({ userId }: { userId: string }) {
  const presence = usePresence(userId);
  if (presence === undefined) return null;
  const busy = presence.do_not_disturb || presence.phone === "on_the_phone";
  const state = !presence.logged_in ? "out" : busy ? "busy" : "in";
  return <span className={styles.dot} data-state={state} role="img" aria-label={presenceText(presence)} />;
}

/** What somebody does, in words. */
export function presenceText(presence: {
  logged_in: boolean;
  phone: string;
  do_not_disturb: boolean;
  status: string;
}): string {
  if (presence.do_not_disturb) return t("presence.do_not_disturb");
  if (presence.phone === "on_the_phone") return t("presence.on_the_phone");
  if (presence.phone === "ringing") return t("presence.ringing");
  if (presence.logged_in && presence.status === "away") return t("presence.away");
  if (presence.logged_in && presence.status === "busy") return t("presence.busy");
  if (presence.logged_in && presence.status === "in_a_meeting") return t("presence.in_a_meeting");
  if (presence.logged_in && presence.status === "on_a_break") return t("presence.on_a_break");
  return presence.logged_in ? t("presence.logged_in") : t("presence.logged_out");
}
