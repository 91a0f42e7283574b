import { Paperclip, RotateCcw, Send, Smile, X, Zap } from "lucide-react";
import {
  type ClipboardEvent,
  type DragEvent,
  type KeyboardEvent,
  Suspense,
  useEffect,
  useRef,
  useState,
} from "react";
import { api, type Conversation, type Message } from "../../core/api";
import { draftOf, dropDraft, saveDraft } from "../../core/drafts";
import { listText, t } from "../../core/i18n";
import { numberShown, peerName, userName } from "../../core/naming";
import { post } from "../../core/outbox";
import { newClientId } from "../../core/outbox-rules";
import { useOutlook } from "../../core/outlook";
import { usePreferences } from "../../core/preferences";
import { useMe } from "../../core/session";
import { type Upload, upload } from "../../core/uploads";
import { IconButton } from "../../ui/Button";
import { later } from "../../ui/later";
import styles from "./Composer.module.css";
import { useGrowing } from "./growing";
import { Segments } from "./Segments";
import { sends } from "./sending";

const EmojiPicker = later(() => import("./EmojiPicker").then((module) => ({ default: module.EmojiPicker })));
const QuickReplies = later(() =>
  import("./QuickReplies").then((module) => ({ default: module.QuickReplies })),
);

/** Those who listen hear of it again this often at most, in ms. */
const TYPING_EVERY_MS = 3_000;

type Props = {
  conversation: Conversation;
  title: string;
  answering: Message | undefined;
  stopAnswering: () => void;
  /** Begin to change what one said last, where that can be. */
  editLast: (() => void) | undefined;
};

/** Where one writes: files, emoji, quick replies, and Enter sends. */
export function Composer({ conversation, title, answering, stopAnswering, editLast }: Props) {
  const { user } = useMe();
  const { id, kind } = conversation;
  const sms = kind === "sms";
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const told = useRef(0);
  const [text, setText] = useState("");
  const [panel, setPanel] = useState<"none" | "emoji" | "replies">("none");
  const [files, setFiles] = useState<readonly Upload[]>([]);
  const [over, setOver] = useState(false);
  const sendWith = usePreferences((store) => store.sendWith);
  const outlook = useOutlook(sms ? conversation.number : null, conversation.peers, text);
  const stopped = conversation.contacts.filter((one) => conversation.stopped_peers.includes(one.number));
  const locked = sms && stopped.length > 0 && stopped.length === conversation.contacts.length;
  const busy = files.some((one) => one.state === "uploading");
  const ready = files.filter((one) => one.attachmentId !== null);
  const sendable = !locked && !busy && (text.trim() !== "" || ready.length > 0);

  // The draft of this or another screen; what is being written here is not written over.
  const serverDraft = conversation.draft?.at;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another screen's draft is news, the rest is not
  useEffect(() => {
    let here = true;
    void draftOf(conversation).then((draft) => {
      if (!here) return;
      setText((now) => (now === "" || document.activeElement !== field.current ? draft : now));
    });
    return () => {
      here = false;
    };
  }, [id, serverDraft]);

  useEffect(() => {
    if (answering !== undefined) field.current?.focus();
  }, [answering]);

  useGrowing(field, text, 140);

  function write(next: string) {
    setText(next);
    saveDraft(id, next);
    const now = Date.now();
    if (next !== "" && now - told.current > TYPING_EVERY_MS) {
      told.current = now;
      const params = { path: { conversation_id: id } };
      void api.POST("/v1/conversations/{conversation_id}:typing", { params }).catch(() => undefined);
    }
  }

  function send() {
    if (!sendable) return;
    told.current = 0;
    void post({
      client_id: newClientId(),
      conversation_id: id,
      kind,
      text: text.trim(),
      reply_to: answering?.id ?? null,
      attachment_ids: ready.flatMap((one) => (one.attachmentId ? [one.attachmentId] : [])),
      written_at: Date.now(),
      state: "waiting",
    });
    setText("");
    setFiles([]);
    dropDraft(id);
    stopAnswering();
    setPanel("none");
    field.current?.focus();
  }

  function keyed(event: KeyboardEvent<HTMLTextAreaElement>) {
    const plain = !(event.shiftKey || event.ctrlKey || event.altKey || event.metaKey);
    if (event.key === "ArrowUp" && plain && text === "" && !event.nativeEvent.isComposing && editLast) {
      event.preventDefault();
      editLast();
    } else if (sends(event, sendWith)) {
      event.preventDefault();
      send();
    }
  }

  function insert(what: string) {
    const element = field.current;
    const at = element?.selectionStart ?? text.length;
    const end = element?.selectionEnd ?? at;
    write(text.slice(0, at) + what + text.slice(end));
    requestAnimationFrame(() => element?.setSelectionRange(at + what.length, at + what.length));
  }

  function take(list: FileList | readonly File[]) {
    for (const file of list) {
      const made = upload(file, id, (now) =>
        setFiles((all) => all.map((one) => (one.key === now.key ? now : one))),
      );
      setFiles((all) => [...all, made]);
    }
    field.current?.focus();
  }

  function remove(one: Upload) {
    one.stop();
    setFiles((all) => all.filter((each) => each.key !== one.key));
  }

  function pasted(event: ClipboardEvent) {
    const { files: pastedFiles } = event.clipboardData;
    if (pastedFiles.length === 0) return;
    event.preventDefault();
    take(pastedFiles);
  }

  function dropped(event: DragEvent) {
    if (event.dataTransfer.files.length === 0) return;
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
  }

  const names = listText(stopped.map(peerName));
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: files may be dropped here; the paperclip does it by keyboard
    <div
      className={styles.composer}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={dropped}
    >
      {locked || stopped.length > 0 ? (
        <p className={styles.stopped} data-testid="opted-out">
          {locked
            ? t("compose.opted_out", { names, number: numberShown(conversation.number ?? "") })
            : t("compose.opted_out_some", { names })}
        </p>
      ) : null}
      {answering !== undefined ? (
        <p className={styles.answering}>
          <span dir="auto">
            <strong>
              {t("compose.answering", { name: userName(answering.user_id, conversation, user.id) })}
            </strong>{" "}
            {answering.text.slice(0, 80)}
          </span>
          <IconButton small label={t("compose.no_answering")} onClick={stopAnswering}>
            <X size={15} aria-hidden="true" />
          </IconButton>
        </p>
      ) : null}
      {files.length > 0 ? (
        <ul className={styles.files}>
          {files.map((one) => (
            <FileChip
              key={one.key}
              file={one}
              remove={() => remove(one)}
              again={() => {
                remove(one);
                take([one.file]);
              }}
            />
          ))}
        </ul>
      ) : null}
      <Suspense fallback={null}>
        {panel === "emoji" ? (
          <EmojiPicker
            pick={insert}
            close={() => {
              setPanel("none");
              field.current?.focus();
            }}
          />
        ) : null}
        {panel === "replies" ? (
          <QuickReplies
            pick={(reply) => {
              setPanel("none");
              insert(reply);
              field.current?.focus();
            }}
            close={() => {
              setPanel("none");
              field.current?.focus();
            }}
          />
        ) : null}
      </Suspense>
      <div className={styles.field} data-over={over ? "" : undefined}>
        {over ? <span className={styles.drop}>{t("compose.drop")}</span> : null}
        <textarea
          ref={field}
          data-composer=""
          rows={1}
          dir="auto"
          value={text}
          maxLength={10_000}
          disabled={locked}
          enterKeyHint="send"
          aria-label={t(sms ? "compose.label_sms" : "compose.label_chat", { name: title })}
          placeholder={t(sms ? "compose.placeholder_sms" : "compose.placeholder_chat")}
          onChange={(event) => write(event.target.value)}
          onKeyDown={keyed}
          onPaste={pasted}
        />
      </div>
      {outlook !== undefined ? <Segments outlook={outlook} replace={write} /> : null}
      <div className={styles.tools}>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-label={t("compose.attach")}
          onChange={(event) => {
            if (event.target.files) take(event.target.files);
            event.target.value = "";
          }}
        />
        <IconButton
          small
          label={t("compose.attach")}
          disabled={locked}
          onClick={() => picker.current?.click()}
        >
          <Paperclip size={18} aria-hidden="true" />
        </IconButton>
        <IconButton
          small
          label={t("compose.emoji")}
          disabled={locked}
          aria-expanded={panel === "emoji"}
          onClick={() => setPanel(panel === "emoji" ? "none" : "emoji")}
        >
          <Smile size={18} aria-hidden="true" />
        </IconButton>
        <IconButton
          small
          label={t("compose.quick_replies")}
          disabled={locked}
          aria-expanded={panel === "replies"}
          onClick={() => setPanel(panel === "replies" ? "none" : "replies")}
        >
          <Zap size={18} aria-hidden="true" />
        </IconButton>
        <IconButton className={styles.send} label={t("compose.send")} disabled={!sendable} onClick={send}>
          <Send size={17} className={styles.turns} aria-hidden="true" />
        </IconButton>
      </div>
    </div>
  );
}

/** A file on its way, or ready to go with the message. */
function FileChip({ file, remove, again }: { file: Upload; remove: () => void; again: () => void }) {
  const { name, state } = file;
  const said =
    state === "failed"
      ? t("compose.upload_failed", { name, reason: file.reason })
      : state === "ready"
        ? t("compose.uploaded", { name })
        : t("compose.uploading", { name, percent: Math.round(file.progress * 100) });
  return (
    <li className={styles.chip} data-state={state} data-testid="upload">
      <bdi>{said}</bdi>
      {state === "uploading" ? <progress value={file.progress} aria-label={name} /> : null}
      {state === "failed" ? (
        <IconButton small label={t("compose.retry_file", { name })} onClick={again}>
          <RotateCcw size={15} aria-hidden="true" />
        </IconButton>
      ) : null}
      <IconButton small label={t("compose.remove_file", { name })} onClick={remove}>
        <X size={15} aria-hidden="true" />
      </IconButton>
    </li>
  );
}
