import { X } from "lucide-react";
import { useConversation } from "../../core/conversations";
import { numberText, t } from "../../core/i18n";
import { conversationTitle } from "../../core/naming";
import { useMe } from "../../core/session";
import { type ConversationWindow, closeWindow, restore } from "../../core/windows";
import { IconButton } from "../../ui/Button";
import styles from "./Dock.module.css";

/** A minimised conversation. It is green while something in it waits to be read. */
export function DockTab({ window: one }: { window: ConversationWindow }) {
  if (one.conversationId === null) return <Tab windowKey={one.key} title={t("new.title")} unread={0} />;
  return <KnownTab windowKey={one.key} id={one.conversationId} />;
}

function KnownTab({ windowKey, id }: { windowKey: string; id: string }) {
  const { user } = useMe();
  const { data, isError } = useConversation(id);
  if (isError) return null;
  const title = data === undefined ? t("app.loading") : conversationTitle(data, user.id);
  return <Tab windowKey={windowKey} title={title} unread={data?.unread ?? 0} />;
}

function Tab({ windowKey, title, unread }: { windowKey: string; title: string; unread: number }) {
  return (
    <li className={styles.tab} data-new={unread > 0 ? "" : undefined} data-testid="dock-tab">
      <button type="button" onClick={() => restore(windowKey)} aria-label={t("window.open", { name: title })}>
        <span className={styles.tabName} dir="auto">
          {title}
        </span>
        {unread > 0 ? (
          <span className={styles.count}>
            <span aria-hidden="true">{numberText(unread)}</span>
            <span className="listened">{t("window.unread", { count: unread })}</span>
          </span>
        ) : null}
      </button>
      <IconButton small label={t("window.close")} onClick={() => closeWindow(windowKey)}>
        <X size={16} aria-hidden="true" />
      </IconButton>
    </li>
  );
}
