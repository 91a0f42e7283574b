import { useQuery } from "@tanstack/react-query";
import { MessageSquareQuote, Pencil, Plus, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { api, ok, type Schemas } from "../../../core/api";
import { attempt } from "../../../core/attempt";
import { t } from "../../../core/i18n";
import { onFrame } from "../../../core/live";
import { localMoment, momentOf } from "../../../core/moments";
import { keys, queries, renew } from "../../../core/queries";
import { useMe } from "../../../core/session";
import { soon, useGone } from "../../../core/soon";
import { Button, IconButton } from "../../../ui/Button";
import { FormDialog } from "../../../ui/Dialog";
import { Empty } from "../../../ui/Empty";
import { Switch, TextArea, TextField } from "../../../ui/Fields";
import { Loaded } from "../parts/Loaded";
import { Card } from "../parts/PageHead";
import parts from "../parts/Parts.module.css";
import styles from "./Settings.module.css";

type Reply = Schemas["QuickReplyResource"];
const AWAY = ["out-of-office"] as const;

/** Texts kept ready, and what answers while one is away. */
export function Texts() {
  const away = useQuery({ queryKey: AWAY, queryFn: () => ok(api.GET("/v1/me/out-of-office")) });
  return (
    <>
      <Loaded query={away}>{() => (away.data ? <OutOfOffice kept={away.data} /> : null)}</Loaded>
      <QuickReplies />
    </>
  );
}

function OutOfOffice({ kept }: { kept: Schemas["AbsenceResource"] }) {
  const [enabled, setEnabled] = useState(kept.enabled);
  const [text, setText] = useState(kept.text);
  const [from, setFrom] = useState(localMoment(kept.from));
  const [until, setUntil] = useState(localMoment(kept.until));

  async function save(event: FormEvent) {
    event.preventDefault();
    const body = { enabled, text, from: momentOf(from), until: momentOf(until) };
    const done = ok(api.PUT("/v1/me/out-of-office", { body })).then((now) => queries.setQueryData(AWAY, now));
    await attempt(done, t(enabled ? "away.on" : "away.off"));
  }

  return (
    <Card title={t("away.title")} hint={t("away.hint")}>
      <form className={parts.stack} onSubmit={(event) => void save(event)}>
        <Switch label={t("away.enabled")} checked={enabled} change={setEnabled} />
        <TextArea
          label={t("away.text")}
          value={text}
          required={enabled}
          maxLength={1000}
          onChange={(event) => setText(event.target.value)}
        />
        <div className={parts.row}>
          <TextField
            label={t("away.from")}
            type="datetime-local"
            value={from}
            onChange={(event) => setFrom(event.target.value)}
          />
          <TextField
            label={t("away.until")}
            type="datetime-local"
            value={until}
            min={from || undefined}
            onChange={(event) => setUntil(event.target.value)}
          />
        </div>
        <div>
          <Button type="submit" look="primary">
            {t("action.save")}
          </Button>
        </div>
      </form>
    </Card>
  );
}

onFrame("quick_reply.", () => void renew(keys.quickReplies));

function QuickReplies() {
  const { me } = useMe();
  const manages = me.scope !== "basic_user";
  const query = useQuery({ queryKey: keys.quickReplies, queryFn: () => ok(api.GET("/v1/quick-replies")) });
  const gone = useGone((store) => store.ids);
  const [editing, setEditing] = useState<Reply | "new">();
  const shown = (query.data?.items ?? []).filter((one) => !gone.has(one.id));
  return (
    <Card
      title={t("replies.title")}
      hint={t("replies.hint")}
      actions={
        <Button onClick={() => setEditing("new")}>
          <Plus size={17} aria-hidden="true" />
          {t("replies.add")}
        </Button>
      }
    >
      <Loaded query={query}>
        {() =>
          shown.length === 0 ? (
            <Empty icon={<MessageSquareQuote size={24} />} title={t("replies.none")}>
              {null}
            </Empty>
          ) : (
            <ul className={styles.list}>
              {shown.map((one) => {
                const name = one.title || one.text.slice(0, 40);
                return (
                  <li key={one.id}>
                    <span dir="auto">
                      {one.title ? <strong>{one.title}</strong> : null}
                      <span className={parts.hint}>{one.text}</span>
                    </span>
                    <span className={parts.row}>
                      {one.shared ? <span className={parts.pill}>{t("replies.shared")}</span> : null}
                      {one.shared && !manages ? null : (
                        <>
                          <IconButton
                            small
                            label={t("replies.edit", { name })}
                            onClick={() => setEditing(one)}
                          >
                            <Pencil size={17} aria-hidden="true" />
                          </IconButton>
                          <IconButton
                            small
                            label={t("replies.delete", { name })}
                            onClick={() =>
                              soon(
                                one.id,
                                { path: `/v1/quick-replies/${one.id}`, method: "DELETE" },
                                t("replies.deleted"),
                              )
                            }
                          >
                            <Trash2 size={17} aria-hidden="true" />
                          </IconButton>
                        </>
                      )}
                    </span>
                  </li>
                );
              })}
            </ul>
          )
        }
      </Loaded>
      {editing ? (
        <Edit
          reply={editing === "new" ? undefined : editing}
          manages={manages}
          close={() => setEditing(undefined)}
        />
      ) : null}
    </Card>
  );
}

function Edit({ reply, manages, close }: { reply: Reply | undefined; manages: boolean; close: () => void }) {
  const [title, setTitle] = useState(reply?.title ?? "");
  const [text, setText] = useState(reply?.text ?? "");
  const [shared, setShared] = useState(false);
  return (
    <FormDialog
      title={t(reply ? "replies.edit_title" : "replies.add_title")}
      submit={t("action.save")}
      close={close}
      save={async () => {
        if (reply) {
          const params = { path: { quick_reply_id: reply.id } };
          await ok(api.PATCH("/v1/quick-replies/{quick_reply_id}", { params, body: { title, text } }));
        } else {
          const headers = { "Idempotency-Key": crypto.randomUUID() };
          await ok(
            api.POST("/v1/quick-replies", { body: { title, text, ...(manages ? { shared } : {}) }, headers }),
          );
        }
        await renew(keys.quickReplies);
      }}
    >
      <TextField
        label={t("replies.name")}
        value={title}
        maxLength={60}
        dir="auto"
        onChange={(event) => setTitle(event.target.value)}
      />
      <TextArea
        label={t("replies.text")}
        value={text}
        required
        maxLength={2000}
        onChange={(event) => setText(event.target.value)}
      />
      {manages && !reply ? (
        <Switch
          label={t("replies.share")}
          hint={t("replies.share_hint")}
          checked={shared}
          change={setShared}
        />
      ) : null}
    </FormDialog>
  );
}
