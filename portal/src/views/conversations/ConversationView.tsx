import { ArrowLeft, BellOff, Minus, Phone, UserRound, X } from "lucide-react";
import { Suspense, useEffect, useId, useRef, useState } from "react";
import { ApiProblem, type Conversation, type Message } from "../../core/api";
import { placeCall } from "../../core/calls";
import { useConversation } from "../../core/conversations";
import { t } from "../../core/i18n";
import { conversationTitle, counterpart, numberShown, others } from "../../core/naming";
import { explain } from "../../core/problems";
import { editLast } from "../../core/rewriting";
import { useMe } from "../../core/session";
import { closeWindow, minimise } from "../../core/windows";
import { Avatar } from "../../ui/Avatar";
import { Button, IconButton } from "../../ui/Button";
import { Empty, Loading } from "../../ui/Empty";
import { later } from "../../ui/later";
import { PresenceDot } from "../../ui/PresenceDot";
import { Composer } from "./Composer";
import { Rename } from "./Rename";
import { Timeline } from "./Timeline";
import styles from "./Window.module.css";

const MoreMenu = later(() => import("./MoreMenu").then((module) => ({ default: module.MoreMenu })));
const CallMenu = later(() => import("./CallMenu").then((module) => ({ default: module.CallMenu })));
const People = later(() => import("./People").then((module) => ({ default: module.People })));

/** focusTurn: changes whenever somebody wants to write here. */
type Props = { windowKey: string; id: string; focusTurn: number | undefined };

/** One conversation in its docked window. */
export function ConversationView({ windowKey, id, focusTurn }: Props) {
  const { data, error, isError, refetch } = useConversation(id);
  if (data !== undefined) return <Open windowKey={windowKey} conversation={data} focusTurn={focusTurn} />;
  const gone = error instanceof ApiProblem && error.status === 404;
  return (
    <section className={styles.window} aria-label={t("dock.label")} data-region="">
      <header className={styles.head}>
        <span className={styles.titles} />
        <IconButton small label={t("window.close")} onClick={() => closeWindow(windowKey)}>
          <X size={18} aria-hidden="true" />
        </IconButton>
      </header>
      {!isError ? (
        <Loading label={t("app.loading")} />
      ) : (
        <Empty title={t(gone ? "window.gone" : "window.failed")}>
          <p>{gone ? t("window.gone_hint") : explain(error)}</p>
          {gone ? null : <Button onClick={() => void refetch()}>{t("action.retry")}</Button>}
        </Empty>
      )}
    </section>
  );
}

function Open({
  windowKey,
  conversation,
  focusTurn,
}: {
  windowKey: string;
  conversation: Conversation;
  focusTurn: number | undefined;
}) {
  const { user } = useMe();
  const titleId = useId();
  const frame = useRef<HTMLElement>(null);
  const [panel, setPanel] = useState<"none" | "people" | "rename">("none");
  const [answering, setAnswering] = useState<Message>();
  const title = conversationTitle(conversation, user.id);
  const other = counterpart(conversation, user.id);
  const people = others(conversation, user.id).filter((one) => one.dial !== "");
  const sms = conversation.kind === "sms";
  const label = t(sms ? "window.label_sms" : "window.label_chat", { name: title });

  useEffect(() => {
    if (focusTurn !== undefined) frame.current?.querySelector<HTMLElement>("[data-composer]")?.focus();
  }, [focusTurn]);

  return (
    <section
      className={styles.window}
      aria-label={label}
      ref={frame}
      data-testid="conversation"
      data-region=""
      data-kind={conversation.kind}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || event.defaultPrevented) return;
        if (panel !== "none") setPanel("none");
        else minimise(windowKey);
      }}
    >
      <header className={styles.head}>
        <IconButton className={styles.back} label={t("window.back")} onClick={() => closeWindow(windowKey)}>
          <ArrowLeft size={20} className={styles.turns} aria-hidden="true" />
        </IconButton>
        {other ? (
          <span className={styles.face}>
            <Avatar name={other.name} id={other.key} size={28} />
            {other.userId ? <PresenceDot userId={other.userId} /> : null}
          </span>
        ) : null}
        {panel === "rename" ? (
          <Rename conversation={conversation} done={() => setPanel("none")} />
        ) : (
          <span className={styles.titles}>
            <h2 id={titleId} dir="auto" title={title}>
              {title}
            </h2>
            <span className={styles.kind} data-kind={conversation.kind}>
              <Kind conversation={conversation} />
              {conversation.muted ? (
                <span role="img" aria-label={t("window.muted")} title={t("window.muted")}>
                  <BellOff size={13} aria-hidden="true" />
                </span>
              ) : null}
            </span>
          </span>
        )}
        {other ? (
          <IconButton
            small
            label={t("window.call", { name: other.name })}
            onClick={() => void placeCall(other.dial, other.name)}
          >
            <Phone size={18} aria-hidden="true" />
          </IconButton>
        ) : people.length > 1 ? (
          <Suspense fallback={<span className={styles.placeholder} />}>
            <CallMenu people={people} container={frame} />
          </Suspense>
        ) : null}
        <IconButton
          small
          label={t("window.people")}
          aria-expanded={panel === "people"}
          onClick={() => setPanel(panel === "people" ? "none" : "people")}
        >
          <UserRound size={18} aria-hidden="true" />
        </IconButton>
        <Suspense fallback={<span className={styles.placeholder} />}>
          <MoreMenu
            conversation={conversation}
            windowKey={windowKey}
            container={frame}
            rename={() => setPanel("rename")}
          />
        </Suspense>
        <IconButton
          small
          className={styles.wide}
          label={t("window.minimise")}
          onClick={() => minimise(windowKey)}
        >
          <Minus size={18} aria-hidden="true" />
        </IconButton>
        <IconButton
          small
          className={styles.wide}
          label={t("window.close")}
          onClick={() => closeWindow(windowKey)}
        >
          <X size={18} aria-hidden="true" />
        </IconButton>
      </header>
      {panel === "people" ? (
        <Suspense fallback={<Loading label={t("app.loading")} />}>
          <People conversation={conversation} close={() => setPanel("none")} />
        </Suspense>
      ) : null}
      <Timeline conversation={conversation} answer={setAnswering} windowKey={windowKey} />
      <Composer
        conversation={conversation}
        title={title}
        answering={answering}
        stopAnswering={() => setAnswering(undefined)}
        editLast={sms ? undefined : () => editLast(windowKey, conversation.id, user.id)}
      />
    </section>
  );
}

/** Chat or SMS, in words. */
function Kind({ conversation }: { conversation: Conversation }) {
  if (conversation.kind === "chat") {
    return <>{t(conversation.members.length > 2 ? "window.group_chat" : "window.chat")}</>;
  }
  return <bdi>{t("window.sms_from", { number: numberShown(conversation.number ?? "") })}</bdi>;
}
