import { Phone, UserPlus, X } from "lucide-react";
import { useId, useRef, useState } from "react";
import { api, type Conversation, ok } from "../../core/api";
import { placeCall } from "../../core/calls";
import { keepConversation } from "../../core/conversations";
import { t } from "../../core/i18n";
import { numberShown, peerName } from "../../core/naming";
import type { Person } from "../../core/people";
import { explain } from "../../core/problems";
import { keys, renew } from "../../core/queries";
import { useMe } from "../../core/session";
import { toast } from "../../core/toasts";
import { Avatar } from "../../ui/Avatar";
import { Button, IconButton } from "../../ui/Button";
import { PresenceDot } from "../../ui/PresenceDot";
import styles from "./People.module.css";
import { ToField } from "./ToField";

/** Who is in it; people can be taken out and brought in. */
export function People({ conversation, close }: { conversation: Conversation; close: () => void }) {
  const { user } = useMe();
  const frame = useRef<HTMLElement>(null);
  const check = useId();
  const [adding, setAdding] = useState<Person[]>([]);
  const [share, setShare] = useState(false);
  const chat = conversation.kind === "chat";
  const path = { conversation_id: conversation.id };
  const removable = chat ? conversation.members.length > 2 : conversation.peers.length > 1;

  async function attempt(what: () => Promise<void>, said: string) {
    try {
      await what();
      toast(said);
    } catch (error) {
      toast(explain(error), { bad: true });
    }
  }

  const remove = (name: string, query: { user_id: string } | { number: string }) =>
    attempt(
      async () => {
        await ok(api.DELETE("/v1/conversations/{conversation_id}/members", { params: { path, query } }));
        await renew(keys.conversation(conversation.id));
      },
      t("people.removed", { name }),
    );

  const add = () =>
    attempt(
      async () => {
        const to = adding.flatMap((one) => (one.target ? [one.target] : []));
        const body = { to, ...(chat ? { share_history: share } : {}) };
        keepConversation(
          await ok(api.POST("/v1/conversations/{conversation_id}/members", { params: { path }, body })),
        );
        setAdding([]);
        setShare(false);
      },
      t("people.added", { name: adding.map((one) => one.name).join(", ") }),
    );

  return (
    <section className={styles.panel} aria-label={t("people.title")} ref={frame}>
      <header>
        <h3>{t("people.title")}</h3>
        <IconButton small label={t("action.close")} onClick={close}>
          <X size={17} aria-hidden="true" />
        </IconButton>
      </header>
      <ul className={styles.people}>
        {chat
          ? conversation.members.map((one) => (
              <li key={one.user_id}>
                <span className={styles.face}>
                  <Avatar name={one.name || one.extension} id={one.user_id} size={28} />
                  <PresenceDot userId={one.user_id} />
                </span>
                <span className={styles.who}>
                  <bdi>{one.name || one.extension}</bdi>
                  <span>{one.user_id === user.id ? t("people.you") : one.extension}</span>
                </span>
                {one.user_id !== user.id ? (
                  <IconButton
                    small
                    label={t("contacts.call", { name: one.name })}
                    onClick={() => void placeCall(one.extension, one.name)}
                  >
                    <Phone size={16} aria-hidden="true" />
                  </IconButton>
                ) : null}
                {removable && one.user_id !== user.id ? (
                  <IconButton
                    small
                    label={t("people.remove", { name: one.name })}
                    onClick={() => void remove(one.name, { user_id: one.user_id })}
                  >
                    <X size={16} aria-hidden="true" />
                  </IconButton>
                ) : null}
              </li>
            ))
          : conversation.contacts.map((one) => (
              <li key={one.number}>
                <Avatar name={one.name ?? "#"} id={one.contact_id ?? one.number} size={28} />
                <span className={styles.who}>
                  <bdi>{peerName(one)}</bdi>
                  <span>
                    <bdi>
                      {[one.label, one.name ? numberShown(one.number) : ""].filter(Boolean).join(" · ")}
                    </bdi>
                    {conversation.stopped_peers.includes(one.number) ? ` · ${t("people.no_texts")}` : ""}
                  </span>
                </span>
                {one.name === null ? <SaveContact number={one.number} id={conversation.id} /> : null}
                <IconButton
                  small
                  label={t("contacts.call", { name: peerName(one) })}
                  onClick={() => void placeCall(one.number, peerName(one))}
                >
                  <Phone size={16} aria-hidden="true" />
                </IconButton>
                {removable ? (
                  <IconButton
                    small
                    label={t("people.remove", { name: peerName(one) })}
                    onClick={() => void remove(peerName(one), { number: one.number })}
                  >
                    <X size={16} aria-hidden="true" />
                  </IconButton>
                ) : null}
              </li>
            ))}
      </ul>
      <p className={styles.note}>
        {chat
          ? removable
            ? null
            : t("people.pair_chat")
          : removable
            ? t("people.each_own")
            : t("people.last_number")}
      </p>
      <ToField
        label={t("people.add")}
        value={adding}
        change={setAdding}
        container={frame}
        without={conversation.members.map((one) => one.user_id)}
      />
      {adding.length > 0 ? (
        <div className={styles.add}>
          {chat ? (
            <label htmlFor={check}>
              <input
                id={check}
                type="checkbox"
                checked={share}
                onChange={(event) => setShare(event.target.checked)}
              />
              {t("people.share_history")}
            </label>
          ) : null}
          <Button look="primary" onClick={() => void add()}>
            <UserPlus size={16} aria-hidden="true" />
            {t("people.add_button")}
          </Button>
        </div>
      ) : null}
    </section>
  );
}

/** A number nobody has a name for, and the way to give it one. */
function SaveContact({ number, id }: { number: string; id: string }) {
  const [open, setOpen] = useState(false);
  const field = useRef<HTMLInputElement>(null);

  async function save() {
    const name = field.current?.value.trim();
    if (!name) return;
    try {
      await ok(api.POST("/v1/contacts", { body: { name, numbers: [{ number }] } }));
      toast(t("people.contact_saved", { name }));
      setOpen(false);
      await renew(keys.conversation(id));
    } catch (error) {
      toast(explain(error), { bad: true });
    }
  }

  if (!open) {
    return (
      <IconButton small label={t("people.add_contact")} onClick={() => setOpen(true)}>
        <UserPlus size={16} aria-hidden="true" />
      </IconButton>
    );
  }
  return (
    <form
      className={styles.save}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {/* biome-ignore lint/a11y/noAutofocus: it was asked for a moment ago */}
      <input ref={field} autoFocus maxLength={120} dir="auto" aria-label={t("people.contact_name")} />
      <Button type="submit">{t("action.save")}</Button>
    </form>
  );
}
