import { Check, X } from "lucide-react";
import { type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from "react";
import { announce } from "../../core/announcer";
import type { Message } from "../../core/api";
import { t } from "../../core/i18n";
import { usePreferences } from "../../core/preferences";
import { explain } from "../../core/problems";
import {
  type Edit,
  editableUntilMs,
  endEdit,
  saveEdit,
  untilText,
  useEditWithinS,
  writeEdit,
} from "../../core/rewriting";
import { IconButton } from "../../ui/Button";
import styles from "./Editor.module.css";
import { useGrowing } from "./growing";
import { sends } from "./sending";

type Props = { message: Message; edit: Edit; windowKey: string };

/** A message of one's own while it is being said differently. A refusal leaves every word where it is. */
export function Editor({ message, edit, windowKey }: Props) {
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const sendWith = usePreferences((store) => store.sendWith);
  const withinS = useEditWithinS();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string>();
  const { text, from } = edit;
  const deleted = message.deleted_at !== null;
  const said = deleted ? t("problem.message_deleted") : refused;
  const savable = !deleted && (text.trim() !== "" || message.attachments.length > 0);

  useLayoutEffect(() => {
    const element = field.current;
    element?.focus();
    element?.setSelectionRange(element.value.length, element.value.length);
  }, []);

  useGrowing(field, text, 160);

  function leave() {
    const row = field.current?.closest<HTMLElement>("[data-row]");
    const composer = field.current?.closest("section")?.querySelector<HTMLElement>("[data-composer]");
    endEdit(windowKey);
    (from === "composer" ? composer : row)?.focus();
  }

  async function save() {
    if (busy || !savable) return;
    const next = text.trim();
    if (next === message.text) {
      leave();
      return;
    }
    setBusy(true);
    try {
      await saveEdit(message, next);
      announce(t("edit.saved"));
      leave();
    } catch (error) {
      setRefused(t("edit.failed", { reason: explain(error) }));
      announce(t("edit.failed", { reason: explain(error) }));
      setBusy(false);
      field.current?.focus();
    }
  }

  function keyed(event: KeyboardEvent<HTMLTextAreaElement>) {
    if (event.key === "Escape" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      event.stopPropagation();
      leave();
    } else if (sends(event, sendWith)) {
      event.preventDefault();
      void save();
    }
  }

  return (
    <div className={styles.editor} data-testid="editor">
      <textarea
        ref={field}
        rows={1}
        dir="auto"
        maxLength={10_000}
        value={text}
        aria-label={t("edit.label")}
        aria-describedby={`${id}-hint`}
        aria-invalid={said === undefined ? undefined : true}
        onChange={(event) => writeEdit(windowKey, event.target.value)}
        onKeyDown={keyed}
      />
      <p id={`${id}-hint`} className={said === undefined ? styles.hint : styles.refused}>
        {said ?? t("edit.until", { when: untilText(editableUntilMs(message, withinS)) })}
      </p>
      <span className={styles.buttons}>
        <IconButton small label={t("edit.cancel")} onClick={leave}>
          <X size={18} aria-hidden="true" />
        </IconButton>
        <IconButton
          small
          className={styles.save}
          label={t("edit.save")}
          disabled={!savable}
          aria-disabled={busy}
          onClick={() => void save()}
        >
          <Check size={18} aria-hidden="true" />
        </IconButton>
      </span>
    </div>
  );
}
