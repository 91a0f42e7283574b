import { MessageSquare, PhoneMissed, Smartphone, Voicemail, X } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { shortWhen, t } from "../../../core/i18n";
import { dismissedMs, dismissMissed, newestMs, useDismissed, useMissed } from "../../../core/missed";
import { conversationTitle, numberShown } from "../../../core/naming";
import { useMe } from "../../../core/session";
import { callerName } from "../../../core/voicemails";
import { IconButton } from "../../../ui/Button";
import parts from "../parts/Parts.module.css";
import styles from "./Home.module.css";

type Line = { key: string; href: string; name: string; at: string; more?: string | undefined };

/** What was missed while one was away; put aside until something new is missed. */
export function MissedSummary() {
  const { user } = useMe();
  const missed = useMissed().data;
  const until = useDismissed((store) => store.until);
  if (missed === undefined || missed.total === 0) return null;
  if (newestMs(missed) <= dismissedMs(until, user.id)) return null;

  const written = (items: typeof missed.chats.items): Line[] =>
    items.map((one) => ({
      key: one.id,
      href: `/messages/${one.id}`,
      name: conversationTitle(one, user.id),
      at: one.last_message_at,
      more: one.last_item?.text,
    }));
  return (
    <section className={styles.missed} aria-labelledby="missed-title" data-testid="missed">
      <header>
        <h2 id="missed-title">{t("missed.title")}</h2>
        <IconButton small label={t("missed.dismiss")} onClick={() => dismissMissed(user.id, missed)}>
          <X size={18} aria-hidden="true" />
        </IconButton>
      </header>
      <div className={styles.groups}>
        <Group
          icon={<Voicemail size={18} aria-hidden="true" />}
          title={t("missed.voicemails", { count: missed.voicemails.count })}
          count={missed.voicemails.count}
          href="/messages?tab=voicemail"
          lines={missed.voicemails.items.map((one) => ({
            key: one.id,
            href: "/messages?tab=voicemail",
            name: callerName(one),
            at: one.received_at,
          }))}
        />
        <Group
          icon={<MessageSquare size={18} aria-hidden="true" />}
          title={t("missed.chats", { count: missed.chats.conversations })}
          count={missed.chats.conversations}
          href="/messages?tab=written"
          lines={written(missed.chats.items)}
        />
        <Group
          icon={<Smartphone size={18} aria-hidden="true" />}
          title={t("missed.texts", { count: missed.texts.conversations })}
          count={missed.texts.conversations}
          href="/messages?tab=written"
          lines={written(missed.texts.items)}
        />
        <Group
          icon={<PhoneMissed size={18} aria-hidden="true" />}
          title={t("missed.calls", { count: missed.missed_calls.count })}
          count={missed.missed_calls.count}
          href="/calls"
          lines={missed.missed_calls.items.map((one) => ({
            key: one.id,
            href: "/calls",
            name: one.peer_name || numberShown(one.peer) || t("calls.hidden"),
            at: one.started_at,
          }))}
        />
      </div>
    </section>
  );
}

function Group({
  icon,
  title,
  count,
  href,
  lines,
}: {
  icon: ReactNode;
  title: string;
  count: number;
  href: string;
  lines: Line[];
}) {
  if (count === 0) return null;
  return (
    <div className={styles.group}>
      <h3>
        {icon}
        <Link href={href}>{title}</Link>
      </h3>
      <ul>
        {lines.slice(0, 3).map((one) => (
          <li key={one.key}>
            <Link href={one.href} className={styles.missedLine}>
              <strong dir="auto">{one.name}</strong>
              {one.more ? (
                <span className={styles.more} dir="auto">
                  {one.more}
                </span>
              ) : null}
              <time dateTime={one.at} className={parts.hint}>
                {shortWhen(one.at)}
              </time>
            </Link>
          </li>
        ))}
      </ul>
      {count > 3 ? (
        <Link href={href} className={parts.hint}>
          {t("missed.more", { count: count - Math.min(3, lines.length) })}
        </Link>
      ) : null}
    </div>
  );
}
