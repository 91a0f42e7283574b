import { useEffect, useRef } from "react";
import { keepMessage } from "../../core/conversations";
import { t } from "../../core/i18n";
import { startNotifying } from "../../core/notify";
import { closeOutbox, onAccepted, openOutbox } from "../../core/outbox";
import { setRoom, useWindows } from "../../core/windows";
import { AskToNotify } from "./AskToNotify";
import { CallCards } from "./CallCards";
import { ConversationView } from "./ConversationView";
import styles from "./Dock.module.css";
import { DockTab } from "./DockTab";
import { NewConversation } from "./NewConversation";
import { Toasts } from "./Toasts";

onAccepted((message) => keepMessage(message, true));

/** The dock: open conversations side by side, minimised ones as tabs; on a phone one at a time fills the page. */
export function Conversations() {
  const { windows, focus } = useWindows();
  const dock = useRef<HTMLElement>(null);

  useEffect(() => {
    void openOutbox();
    const stop = startNotifying();
    return () => {
      stop();
      closeOutbox();
    };
  }, []);

  useEffect(() => {
    const measure = () => {
      const phone = innerWidth < 768;
      const room = phone ? 1 : Math.max(1, Math.floor((dock.current?.clientWidth ?? innerWidth) / 368));
      setRoom(room);
    };
    measure();
    addEventListener("resize", measure);
    return () => removeEventListener("resize", measure);
  }, []);

  const open = windows.filter((one) => !one.minimised);
  const tabs = windows.filter((one) => one.minimised);

  return (
    <>
      <section className={styles.dock} ref={dock} aria-label={t("dock.label")}>
        {tabs.length > 0 ? (
          <ul className={styles.tabs} data-region="">
            {tabs.map((one) => (
              <DockTab key={one.key} window={one} />
            ))}
          </ul>
        ) : null}
        {open.map((one) =>
          one.conversationId === null ? (
            <NewConversation key={one.key} window={one} />
          ) : (
            <ConversationView
              key={one.key}
              windowKey={one.key}
              id={one.conversationId}
              focusTurn={focus?.key === one.key ? focus.turn : undefined}
            />
          ),
        )}
      </section>
      <CallCards />
      <AskToNotify />
      <Toasts />
    </>
  );
}
