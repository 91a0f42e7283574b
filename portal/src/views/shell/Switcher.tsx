import { Dialog } from "@base-ui/react/dialog";
import { MessageSquare, Smartphone, UserRound } from "lucide-react";
import { type KeyboardEvent, useCallback, useEffect, useId, useRef, useState } from "react";
import { announce } from "../../core/announcer";
import { numberText, t } from "../../core/i18n";
import { counterpart, numberShown } from "../../core/naming";
import { writeTo } from "../../core/opening";
import { explain } from "../../core/problems";
import { useMe } from "../../core/session";
import { overlay, typedAhead } from "../../core/shortcuts";
import { type Goal, useGoals } from "../../core/switching";
import { openConversation } from "../../core/windows";
import { Avatar } from "../../ui/Avatar";
import styles from "./Switcher.module.css";

/** A few letters of a name, Enter, and the conversation is open. */
export function Switcher() {
  const { user } = useMe();
  const id = useId();
  const [typed, setTyped] = useState("");
  // Up to the moment when there is a field; the dialog draws itself later than what is around it.
  const takeOver = useCallback((field: HTMLInputElement | null) => {
    if (field !== null) setTyped(typedAhead());
  }, []);
  const [current, setCurrent] = useState(0);
  // The field takes the keyboard at once, too early for the library to see where it was.
  const [before] = useState(() => document.activeElement as HTMLElement | null);
  const gone = useRef(false);
  const entered = useRef<string>(undefined);
  const list = useRef<HTMLDivElement>(null);
  const { goals, settled, error } = useGoals(typed, user.id);
  const chosen = Math.min(current, goals.length - 1);
  const none = typed.trim() === "" ? t("switch.nothing") : t("switch.nobody");

  // biome-ignore lint/correctness/useExhaustiveDependencies: said once for what was typed
  useEffect(() => {
    if (!settled || typed.trim() === "") return;
    announce(goals.length === 0 ? none : t("switch.found", { count: goals.length }));
  }, [settled, typed.trim(), goals.length]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: Enter was pressed before the answer was there
  useEffect(() => {
    if (settled && entered.current === typed) go(goals[chosen]);
  }, [settled, typed]);

  useEffect(() => {
    list.current?.querySelector(`[data-at="${chosen}"]`)?.scrollIntoView({ block: "nearest" });
  }, [chosen]);

  function go(goal: Goal | undefined) {
    if (goal === undefined) return;
    gone.current = true;
    overlay("none");
    if (goal.kind === "conversation") openConversation(goal.conversation.id);
    else void writeTo(goal.person);
  }

  function keyed(event: KeyboardEvent) {
    if (event.nativeEvent.isComposing) return;
    const steps: Record<string, number> = { ArrowDown: chosen + 1, ArrowUp: chosen - 1 };
    const to = steps[event.key];
    if (to !== undefined) {
      event.preventDefault();
      if (goals.length > 0) setCurrent((to + goals.length) % goals.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      // Conversations are found here at once; people are not before the engine has answered what is typed now.
      if (settled || goals[chosen]?.kind === "conversation") go(goals[chosen]);
      else entered.current = typed;
    }
  }

  return (
    <Dialog.Root open onOpenChange={(open) => open || overlay("none")}>
      <Dialog.Portal>
        <Dialog.Backdrop className={styles.backdrop ?? ""} />
        <Dialog.Popup className={styles.popup ?? ""} finalFocus={() => (gone.current ? false : before)}>
          <Dialog.Title className="listened">{t("switch.title")}</Dialog.Title>
          <input
            // biome-ignore lint/a11y/noAutofocus: it was asked for a moment ago, and somebody is typing
            autoFocus
            ref={takeOver}
            className={styles.field}
            type="text"
            role="combobox"
            aria-label={t("switch.label")}
            aria-expanded={goals.length > 0}
            aria-controls={`${id}-list`}
            aria-autocomplete="list"
            aria-activedescendant={goals[chosen] ? `${id}-${chosen}` : undefined}
            placeholder={t("switch.label")}
            value={typed}
            maxLength={80}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => {
              setTyped(event.target.value);
              setCurrent(0);
            }}
            onKeyDown={keyed}
          />
          <div
            ref={list}
            id={`${id}-list`}
            className={styles.list}
            role="listbox"
            tabIndex={-1}
            aria-label={t("switch.results")}
          >
            {goals.map((goal, at) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
              <div
                key={goal.key}
                id={`${id}-${at}`}
                data-at={at}
                className={styles.goal}
                role="option"
                tabIndex={-1}
                aria-selected={at === chosen}
                onClick={() => go(goal)}
                onPointerMove={() => setCurrent(at)}
              >
                <Shown goal={goal} myId={user.id} />
              </div>
            ))}
          </div>
          {goals.length === 0 && (settled || error !== null) ? (
            <p className={styles.none}>{error === null ? none : explain(error)}</p>
          ) : null}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Shown({ goal, myId }: { goal: Goal; myId: string }) {
  if (goal.kind === "person") {
    const { person } = goal;
    return (
      <>
        <Avatar name={person.name} id={person.key} size={28} />
        <span className={styles.who}>
          <bdi>{person.name}</bdi>
          <bdi>{person.label ? `${person.label} · ${person.detail}` : person.detail}</bdi>
        </span>
        <span className={styles.kind} data-kind={person.leadsTo}>
          <UserRound size={15} aria-hidden="true" />
          {t(person.leadsTo === "sms" ? "window.sms" : "window.chat")}
        </span>
      </>
    );
  }
  const { conversation, name } = goal;
  const { kind, number, unread } = conversation;
  const group = kind === "chat" && conversation.members.length > 2;
  return (
    <>
      <Avatar name={name} id={counterpart(conversation, myId)?.key ?? conversation.id} size={28} />
      <span className={styles.who}>
        <bdi>{name}</bdi>
        {kind === "sms" && number !== null ? (
          <bdi>{t("window.sms_from", { number: numberShown(number) })}</bdi>
        ) : null}
      </span>
      {unread > 0 ? (
        <span className={styles.unread}>
          <span aria-hidden="true">{numberText(unread)}</span>
          <span className="listened">{t("window.unread", { count: unread })}</span>
        </span>
      ) : null}
      <span className={styles.kind} data-kind={kind}>
        {kind === "sms" ? (
          <Smartphone size={15} aria-hidden="true" />
        ) : (
          <MessageSquare size={15} aria-hidden="true" />
        )}
        {t(kind === "sms" ? "window.sms" : group ? "window.group_chat" : "window.chat")}
      </span>
    </>
  );
}
