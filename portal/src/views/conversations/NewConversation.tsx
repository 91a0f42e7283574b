import { useQuery } from "@tanstack/react-query";
import { ArrowLeft, MessageSquare, MessagesSquare, Minus, Send, Smartphone, X } from "lucide-react";
import { Suspense, useRef, useState } from "react";
import { ApiProblem, api, ok } from "../../core/api";
import { keepConversation } from "../../core/conversations";
import { t } from "../../core/i18n";
import { numberShown } from "../../core/naming";
import { post } from "../../core/outbox";
import { newClientId } from "../../core/outbox-rules";
import { useOutlook } from "../../core/outlook";
import { explain } from "../../core/problems";
import { queries } from "../../core/queries";
import { useMe } from "../../core/session";
import { toast } from "../../core/toasts";
import {
  becomeConversation,
  type ConversationWindow,
  changeWindow,
  closeWindow,
  minimise,
} from "../../core/windows";
import { Button, IconButton } from "../../ui/Button";
import { later } from "../../ui/later";
import composer from "./Composer.module.css";
import styles from "./NewConversation.module.css";
import { Segments } from "./Segments";
import windowStyles from "./Window.module.css";

const ToField = later(() => import("./ToField").then((module) => ({ default: module.ToField })));
const FromMenu = later(() => import("./FromMenu").then((module) => ({ default: module.FromMenu })));

/** The widget for a new conversation: whom to, from which number, and what this makes it. */
export function NewConversation({ window: one }: { window: ConversationWindow }) {
  const { me } = useMe();
  const frame = useRef<HTMLElement>(null);
  const [working, setWorking] = useState(false);
  const { to, text } = one;
  const targets = to.flatMap((person) => (person.target ? [person.target] : []));
  const body = { to: targets, ...(one.from ? { from: one.from } : {}) };
  const asked = {
    queryKey: ["explain", body],
    staleTime: 20_000,
    gcTime: 60_000,
    retry: false,
    queryFn: () => ok(api.POST("/v1/conversations:explain", { body })),
  };
  const said = useQuery({ ...asked, enabled: targets.length > 0 });
  const plan = targets.length > 0 ? said.data : undefined;
  const sms = plan?.kind === "sms";
  const numbers = sms ? plan.numbers : me.numbers.map((number) => ({ id: number.id, number: number.e164 }));
  const from = one.from ?? (sms ? (plan.number?.number ?? null) : null);
  const peers = plan?.contacts.map((each) => each.number) ?? [];
  const outlook = useOutlook(sms ? from : null, peers, text);
  const optedOut = outlook?.problems.find((each) => each.code === "opted_out");
  const problem = said.error instanceof ApiProblem && targets.length > 0 ? explain(said.error) : undefined;
  const sendable = targets.length > 0 && problem === undefined && text.trim() !== "" && !working;

  async function send() {
    if (targets.length === 0) {
      toast(t("new.nobody"), { bad: true });
      return;
    }
    if (!sendable) return;
    setWorking(true);
    try {
      // Who types faster than the answer comes is still told what this is before anything leaves.
      await queries.fetchQuery(asked);
      const headers = { "Idempotency-Key": crypto.randomUUID() };
      const started = await ok(api.POST("/v1/conversations", { body, headers }));
      keepConversation(started);
      await post({
        client_id: newClientId(),
        conversation_id: started.id,
        kind: started.kind,
        text: text.trim(),
        reply_to: null,
        attachment_ids: [],
        written_at: Date.now(),
        state: "waiting",
      });
      becomeConversation(one.key, started.id);
    } catch (error) {
      toast(explain(error), { bad: true });
      setWorking(false);
    }
  }

  return (
    <section
      className={windowStyles.window}
      ref={frame}
      aria-label={t("new.title")}
      data-testid="new-conversation"
      data-region=""
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.defaultPrevented) minimise(one.key);
      }}
    >
      <header className={windowStyles.head}>
        <IconButton
          className={windowStyles.back}
          label={t("window.back")}
          onClick={() => closeWindow(one.key)}
        >
          <ArrowLeft size={20} className={windowStyles.turns} aria-hidden="true" />
        </IconButton>
        <span className={windowStyles.titles}>
          <h2>{t("new.title")}</h2>
        </span>
        <IconButton
          small
          className={windowStyles.wide}
          label={t("window.minimise")}
          onClick={() => minimise(one.key)}
        >
          <Minus size={18} aria-hidden="true" />
        </IconButton>
        <IconButton
          small
          className={windowStyles.wide}
          label={t("window.close")}
          onClick={() => closeWindow(one.key)}
        >
          <X size={18} aria-hidden="true" />
        </IconButton>
      </header>
      <Suspense fallback={<div className={styles.toPlace} />}>
        <ToField
          label={t("new.to")}
          value={to}
          change={(people) => changeWindow(one.key, { to: people })}
          container={frame}
          takeFocus={to.length === 0}
        />
      </Suspense>
      <div className={styles.middle} data-testid="kind" role="status">
        {problem !== undefined ? (
          <p className={styles.refused}>{problem}</p>
        ) : plan === undefined ? (
          <Explained icon={<MessagesSquare size={26} />} text={t("new.undecided")} />
        ) : sms ? (
          <Explained
            kind="sms"
            icon={<Smartphone size={26} />}
            text={t(peers.length > 1 ? "new.is_group_sms" : "new.is_sms", {
              number: numberShown(from ?? ""),
            })}
          />
        ) : (
          <Explained
            kind="chat"
            icon={<MessageSquare size={26} />}
            text={t(plan.members.length > 1 ? "new.is_group_chat" : "new.is_chat")}
          />
        )}
        {plan?.consequences.some((each) => each.code === "shared_number") ? (
          <p className={styles.note}>{t("new.shared_number")}</p>
        ) : null}
        {plan?.conversation_id ? (
          <p className={styles.note}>
            {t("new.existing")}{" "}
            <Button
              look="quiet"
              className={styles.existing}
              onClick={() => becomeConversation(one.key, plan.conversation_id ?? "")}
            >
              {t("new.open_existing")}
            </Button>
          </p>
        ) : null}
        {optedOut ? <p className={styles.refused}>{t("problem.opted_out")}</p> : null}
      </div>
      <div className={composer.composer}>
        <div className={composer.field}>
          <textarea
            rows={2}
            dir="auto"
            value={text}
            maxLength={10_000}
            aria-label={t("compose.placeholder_chat")}
            placeholder={t(sms ? "compose.placeholder_sms" : "compose.placeholder_chat")}
            // biome-ignore lint/a11y/noAutofocus: whom it is to is known, the text is what is missing
            autoFocus={to.length > 0}
            onChange={(event) => changeWindow(one.key, { text: event.target.value })}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
              event.preventDefault();
              void send();
            }}
          />
        </div>
        {outlook !== undefined ? (
          <Segments outlook={outlook} replace={(shorter) => changeWindow(one.key, { text: shorter })} />
        ) : null}
        <div className={composer.tools}>
          {plan?.kind === "chat" ? null : numbers.length === 0 ? (
            <span className={styles.note}>{t("new.no_numbers")}</span>
          ) : (
            <Suspense fallback={null}>
              <FromMenu
                numbers={numbers.map((each) => each.number)}
                chosen={from ?? numbers[0]?.number ?? ""}
                choose={(number) => changeWindow(one.key, { from: number })}
                container={frame}
              />
            </Suspense>
          )}
          <IconButton className={composer.send} label={t("compose.send")} disabled={!sendable} onClick={send}>
            <Send size={17} className={composer.turns} aria-hidden="true" />
          </IconButton>
        </div>
      </div>
    </section>
  );
}

function Explained({ icon, text, kind }: { icon: React.ReactNode; text: string; kind?: string }) {
  return (
    <>
      <span className={styles.icon} data-kind={kind} aria-hidden="true">
        {icon}
      </span>
      <p>{text}</p>
    </>
  );
}
