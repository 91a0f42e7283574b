import { Check, X } from "lucide-react";
import { type FormEvent, useEffect, useId, useRef } from "react";
import { api, type Conversation, ok } from "../../core/api";
import { keepConversation } from "../../core/conversations";
import { t } from "../../core/i18n";
import { explain } from "../../core/problems";
import { toast } from "../../core/toasts";
import { IconButton } from "../../ui/Button";
import styles from "./Window.module.css";

/** The name of a conversation, in place of its title. */
export function Rename({ conversation, done }: { conversation: Conversation; done: () => void }) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.select(), []);

  async function submit(event: FormEvent) {
    event.preventDefault();
    const name = field.current?.value.trim() || null;
    try {
      const params = { path: { conversation_id: conversation.id } };
      keepConversation(
        await ok(api.PATCH("/v1/conversations/{conversation_id}", { params, body: { name } })),
      );
      done();
    } catch (error) {
      toast(explain(error), { bad: true });
    }
  }

  return (
    <form className={styles.rename} onSubmit={submit}>
      <label className="listened" htmlFor={id}>
        {t("more.rename_title")}
      </label>
      <input
        ref={field}
        id={id}
        defaultValue={conversation.name ?? ""}
        maxLength={120}
        dir="auto"
        aria-describedby={`${id}h`}
        placeholder={t("more.rename_label")}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          event.stopPropagation();
          done();
        }}
      />
      <span id={`${id}h`} className="listened">
        {t("more.rename_hint")}
      </span>
      <IconButton small type="submit" label={t("action.save")}>
        <Check size={18} aria-hidden="true" />
      </IconButton>
      <IconButton small label={t("action.cancel")} onClick={done}>
        <X size={18} aria-hidden="true" />
      </IconButton>
    </form>
  );
}
