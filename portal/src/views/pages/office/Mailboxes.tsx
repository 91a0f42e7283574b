import { Pencil, Plus, Voicemail } from "lucide-react";
import { useState } from "react";
import {
  giveMailbox,
  type Mailbox,
  mentions,
  officeChanged,
  takeMailbox,
  useOfficeMailboxes,
  useUsers,
} from "../../../core/administration";
import type { User } from "../../../core/api";
import { clockText, listText, numberText, t } from "../../../core/i18n";
import { useMe } from "../../../core/session";
import { Button, IconButton } from "../../../ui/Button";
import { FormDialog } from "../../../ui/Dialog";
import { Empty } from "../../../ui/Empty";
import { Choices, Select, TextField } from "../../../ui/Fields";
import messages from "../messages/Messages.module.css";
import { type Column, DataTable } from "../parts/DataTable";
import { Loaded } from "../parts/Loaded";
import parts from "../parts/Parts.module.css";
import { Bar } from "./Bar";
import styles from "./Office.module.css";

const LOOKS = { ok: "good", unknown: undefined, unavailable: "bad" } as const;

const contextOf = (one: Mailbox) => one.mailbox.slice(one.mailbox.indexOf("@") + 1);
const nameOf = (one: Mailbox) => one.mailbox.slice(0, one.mailbox.indexOf("@"));
const filled = (one: Mailbox) => Object.values(one.folders).reduce((sum, count) => sum + count, 0);

/** Who has which of the phone system's mailboxes, and how full they are. */
export function Mailboxes() {
  const query = useOfficeMailboxes();
  const users = useUsers().data ?? [];
  const { me } = useMe();
  const context = me.domain_settings?.voicemail_context ?? "";
  const [typed, setTyped] = useState("");
  const [giving, setGiving] = useState(false);
  const [editing, setEditing] = useState<Mailbox>();
  const named = (one: Mailbox) =>
    one.user_ids.map((id) => users.find((each) => each.id === id)?.display_name ?? "…");
  const all = query.data ?? [];
  const shown = all
    .filter((one) => mentions(typed.trim(), one.mailbox, one.pbx, ...named(one)))
    .sort((a, b) => a.mailbox.localeCompare(b.mailbox, undefined, { numeric: true }));
  const without = users.filter((user) => !all.some((one) => one.user_ids.includes(user.id)));
  const away = all.filter((one) => one.state === "unavailable");

  return (
    <>
      <Bar label={t("mailboxes.search")} typed={typed} type={setTyped}>
        {context ? (
          <Button look="primary" onClick={() => setGiving(true)}>
            <Plus size={17} aria-hidden="true" />
            {t("mailboxes.give")}
          </Button>
        ) : null}
      </Bar>
      {context ? null : <p className={styles.note}>{t("mailboxes.no_context")}</p>}
      {away.length > 0 ? (
        <p className={styles.note} data-look="bad">
          {t("mailboxes.away", { list: listText([...new Set(away.map((one) => one.pbx))]) })}
        </p>
      ) : null}
      <Loaded query={query}>
        {() =>
          shown.length === 0 ? (
            <Empty
              icon={<Voicemail size={24} />}
              title={t(all.length === 0 ? "mailboxes.none" : "mailboxes.none_found")}
            >
              {all.length === 0 ? <p>{t("mailboxes.none_hint")}</p> : null}
            </Empty>
          ) : (
            <DataTable
              label={t("office.mailboxes")}
              rows={shown}
              keyOf={(one) => one.id}
              columns={columns(named, setEditing)}
            />
          )
        }
      </Loaded>
      {query.data && without.length > 0 && !typed.trim() ? (
        <p className={`${parts.hint} ${styles.under}`}>
          {t("mailboxes.without", { list: listText(without.map((one) => one.display_name)) })}
        </p>
      ) : null}
      {all.some((one) => one.state === "ok" && filled(one) === 0) ? (
        <p className={`${parts.hint} ${styles.under}`}>{t("mailboxes.empty_hint")}</p>
      ) : null}
      {giving ? (
        <Give users={users} without={without} context={context} close={() => setGiving(false)} />
      ) : null}
      {editing ? (
        <Share mailbox={editing} all={all} users={users} close={() => setEditing(undefined)} />
      ) : null}
    </>
  );
}

function columns(named: (one: Mailbox) => string[], edit: (one: Mailbox) => void): Column<Mailbox>[] {
  return [
    {
      id: "mailbox",
      title: t("mailboxes.mailbox"),
      width: "minmax(8rem, 1.1fr)",
      cell: (one) => (
        <span className={messages.caller}>
          <strong>
            <bdi>{nameOf(one)}</bdi>
          </strong>
          <span className={messages.detail}>
            {t("mailboxes.where", { context: contextOf(one), pbx: one.pbx })}
          </span>
        </span>
      ),
    },
    {
      id: "users",
      title: t("numbers.used_by"),
      width: "minmax(8rem, 1.4fr)",
      cell: (one) => <span dir="auto">{listText(named(one))}</span>,
    },
    {
      id: "state",
      title: t("users.state"),
      width: "minmax(8.5rem, 1fr)",
      cell: (one) => (
        <span className={parts.row}>
          <span className={parts.pill} data-look={LOOKS[one.state]}>
            {t(`mailboxes.${one.state}`)}
          </span>
          {one.checked_at && one.state !== "ok" ? (
            <span className={messages.detail}>
              {t("mailboxes.as_of", { time: clockText(one.checked_at) })}
            </span>
          ) : null}
        </span>
      ),
    },
    { id: "new", title: t("mailboxes.new"), width: "4rem", end: true, cell: (one) => numberText(one.new) },
    { id: "old", title: t("mailboxes.old"), width: "4rem", end: true, cell: (one) => numberText(one.old) },
    {
      id: "actions",
      title: t("page.actions"),
      width: "3rem",
      end: true,
      card: "bare",
      cell: (one) => (
        <IconButton small label={t("mailboxes.edit", { mailbox: one.mailbox })} onClick={() => edit(one)}>
          <Pencil size={17} aria-hidden="true" />
        </IconButton>
      ),
    },
  ];
}

/** Somebody gets a mailbox, in place of the one they had. */
function Give({
  users,
  without,
  context,
  close,
}: {
  users: User[];
  without: User[];
  context: string;
  close: () => void;
}) {
  const first = without[0] ?? users[0];
  // The list may come after the dialog.
  const [chosen, setUserId] = useState<string>();
  const userId = chosen ?? first?.id ?? "";
  const [typed, setTyped] = useState<string>();
  const user = users.find((one) => one.id === userId);
  const mailbox = typed ?? (user ? `${user.extension}@${context}` : "");
  return (
    <FormDialog
      title={t("mailboxes.give")}
      submit={t("action.save")}
      close={close}
      save={async () => {
        const wanted = mailbox.trim();
        await giveMailbox(userId, wanted.includes("@") ? wanted : `${wanted}@${context}`);
        await officeChanged("mailboxes");
      }}
    >
      <Select
        label={t("mailboxes.user")}
        value={userId}
        options={Object.fromEntries(
          users.map((one) => [
            one.id,
            without.includes(one)
              ? `${one.display_name} (${one.extension})`
              : t("mailboxes.has_one", { name: `${one.display_name} (${one.extension})` }),
          ]),
        )}
        choose={setUserId}
      />
      <TextField
        label={t("mailboxes.mailbox")}
        hint={t("mailboxes.mailbox_hint", { context })}
        value={mailbox}
        required
        maxLength={160}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        dir="ltr"
        onChange={(event) => setTyped(event.target.value)}
      />
    </FormDialog>
  );
}

/** Who shares a mailbox; nobody, and it is not shown here any more. */
function Share({
  mailbox,
  all,
  users,
  close,
}: {
  mailbox: Mailbox;
  all: Mailbox[];
  users: User[];
  close: () => void;
}) {
  const [chosen, setChosen] = useState<string[]>(mailbox.user_ids);
  const other = (user: User) =>
    all.find((one) => one.id !== mailbox.id && one.user_ids.includes(user.id))?.mailbox;
  return (
    <FormDialog
      title={t("mailboxes.edit_title", { mailbox: mailbox.mailbox })}
      submit={t("action.save")}
      close={close}
      save={async () => {
        try {
          // Who gets it first: while somebody has it, the engine keeps what it knows of its messages.
          for (const id of chosen) if (!mailbox.user_ids.includes(id)) await giveMailbox(id, mailbox.mailbox);
          for (const id of mailbox.user_ids) if (!chosen.includes(id)) await takeMailbox(id);
        } finally {
          await officeChanged("mailboxes");
        }
      }}
    >
      <Choices
        label={t("numbers.used_by")}
        hint={t("mailboxes.used_by_hint")}
        options={Object.fromEntries(
          users.map((one) => {
            const has = other(one);
            const name = `${one.display_name} (${one.extension})`;
            return [one.id, has ? t("mailboxes.instead_of", { name, mailbox: has }) : name];
          }),
        )}
        chosen={chosen}
        change={setChosen}
      />
      {chosen.length === 0 ? <p className={styles.note}>{t("mailboxes.nobody_hint")}</p> : null}
    </FormDialog>
  );
}
