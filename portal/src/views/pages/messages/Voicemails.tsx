import { Menu } from "@base-ui/react/menu";
import { Check, Ellipsis, MessageSquare, Phone, Trash2, Voicemail as VoicemailIcon } from "lucide-react";
import { useState } from "react";
import { placeCall } from "../../../core/calls";
import { shortWhen, t } from "../../../core/i18n";
import { numberShown } from "../../../core/naming";
import { writeTo } from "../../../core/opening";
import { usePresences } from "../../../core/people";
import { explain } from "../../../core/problems";
import { somebody } from "../../../core/reaching";
import { useMe } from "../../../core/session";
import { useGone } from "../../../core/soon";
import { toast } from "../../../core/toasts";
import {
  callerName,
  changeVoicemail,
  deleteVoicemail,
  FOLDERS,
  type Folder,
  forwardVoicemail,
  useMailboxes,
  useVoicemails,
  type Voicemail,
} from "../../../core/voicemails";
import { Avatar } from "../../../ui/Avatar";
import { IconButton, iconButtonClass } from "../../../ui/Button";
import { FormDialog } from "../../../ui/Dialog";
import { Empty } from "../../../ui/Empty";
import { Select } from "../../../ui/Fields";
import menu from "../../../ui/Menu.module.css";
import { type Column, DataTable } from "../parts/DataTable";
import { Loaded } from "../parts/Loaded";
import { MenuPopup } from "../parts/MenuPopup";
import parts from "../parts/Parts.module.css";
import styles from "./Messages.module.css";
import { Player } from "./Player";

type Show = "all" | "unheard" | Folder;

/** What callers left, the latest first. */
export function Voicemails() {
  const [show, setShow] = useState<Show>("all");
  const [forwarding, setForwarding] = useState<Voicemail>();
  const filter = show === "all" ? {} : show === "unheard" ? { heard: false } : { folder: show };
  const { query, rows, more } = useVoicemails(filter);
  const boxes = useMailboxes();
  const gone = useGone((store) => store.ids);
  const shown = rows.filter((one) => !gone.has(one.id));
  const silent = boxes.data?.filter((one) => one.state === "unavailable") ?? [];

  return (
    <>
      <div className={parts.filters}>
        <Select
          inline
          label={t("messages.show")}
          value={show}
          options={{
            all: t("messages.show_all"),
            unheard: t("voicemail.show_unheard"),
            ...Object.fromEntries(FOLDERS.map((one) => [one, t(`voicemail.folder_${one}`)])),
          }}
          choose={(value) => setShow(value as Show)}
        />
      </div>
      {silent.length > 0 ? <p className={parts.hint}>{t("voicemail.unavailable")}</p> : null}
      <Loaded query={query}>
        {() =>
          shown.length === 0 ? (
            <Empty icon={<VoicemailIcon size={24} />} title={t("voicemail.none")}>
              <p>
                {t(
                  boxes.data?.length === 0
                    ? "voicemail.no_mailbox"
                    : show === "all"
                      ? "voicemail.none_hint"
                      : "voicemail.none_filtered",
                )}
              </p>
            </Empty>
          ) : (
            <DataTable
              label={t("messages.voicemail")}
              columns={columns(setForwarding)}
              rows={shown}
              keyOf={(one) => one.id}
              bold={(one) => !one.heard}
              more={more}
            />
          )
        }
      </Loaded>
      {forwarding ? <Forward one={forwarding} close={() => setForwarding(undefined)} /> : null}
    </>
  );
}

const change = (one: Voicemail, changes: { heard?: boolean; folder?: Folder }) =>
  changeVoicemail(one, changes).catch((error: unknown) => void toast(explain(error), { bad: true }));

function columns(forward: (one: Voicemail) => void): Column<Voicemail>[] {
  return [
    {
      id: "caller",
      title: t("voicemail.caller"),
      width: "minmax(8rem, 1fr)",
      cell: (one) => {
        const name = callerName(one);
        const shown = name === one.caller.number ? numberShown(name) : name;
        return (
          <span className={styles.who}>
            <Avatar
              name={name}
              id={one.caller.contact_id ?? one.caller.user_id ?? one.caller.number}
              size={32}
            />
            <span className={styles.caller}>
              <span dir="auto">{shown}</span>
              {shown === name ? (
                <span className={styles.detail}>
                  <bdi>{numberShown(one.caller.number)}</bdi>
                </span>
              ) : null}
            </span>
            {one.heard ? null : <span className="listened">{t("voicemail.unheard")}</span>}
          </span>
        );
      },
    },
    {
      id: "when",
      title: t("messages.time"),
      width: "4.6rem",
      cell: (one) => <time dateTime={one.received_at}>{shortWhen(one.received_at)}</time>,
    },
    {
      id: "folder",
      title: t("voicemail.folder"),
      width: "5rem",
      cell: (one) => <span className={parts.pill}>{folderName(one.folder)}</span>,
    },
    {
      id: "player",
      title: t("voicemail.recording"),
      width: "minmax(15rem, 1.6fr)",
      card: "bare",
      cell: (one) => (
        <Player
          source={one.audio_url}
          name={callerName(one)}
          lengthS={one.duration_s}
          started={() => {
            if (!one.heard) void change(one, { heard: true });
          }}
        />
      ),
    },
    {
      id: "actions",
      title: t("page.actions"),
      width: "7rem",
      end: true,
      card: "bare",
      cell: (one) => <Actions one={one} forward={() => forward(one)} />,
    },
  ];
}

const folderName = (folder: Folder): string =>
  (FOLDERS as readonly string[]).includes(folder)
    ? t(`voicemail.folder_${folder as (typeof FOLDERS)[number]}`)
    : folder;

function Actions({ one, forward }: { one: Voicemail; forward: () => void }) {
  const name = callerName(one);
  const { caller } = one;
  return (
    <span className={styles.actions}>
      {caller.number ? (
        <IconButton
          small
          label={t("voicemail.call_back", { name })}
          onClick={() => void placeCall(caller.number, name)}
        >
          <Phone size={18} aria-hidden="true" />
        </IconButton>
      ) : null}
      <IconButton small label={t("voicemail.delete", { name })} onClick={() => deleteVoicemail(one)}>
        <Trash2 size={18} aria-hidden="true" />
      </IconButton>
      <Menu.Root>
        <Menu.Trigger className={iconButtonClass(true)} aria-label={t("voicemail.more", { name })}>
          <Ellipsis size={18} aria-hidden="true" />
        </Menu.Trigger>
        <MenuPopup>
          <Menu.Item className={menu.item ?? ""} onClick={() => void change(one, { heard: !one.heard })}>
            {t(one.heard ? "voicemail.mark_unheard" : "voicemail.mark_heard")}
          </Menu.Item>
          <Menu.Item className={menu.item ?? ""} onClick={forward}>
            {t("voicemail.forward")}
          </Menu.Item>
          {caller.number ? (
            <Menu.Item className={menu.item ?? ""} onClick={() => void write(one)}>
              <MessageSquare size={17} aria-hidden="true" />
              {t("voicemail.write")}
            </Menu.Item>
          ) : null}
          <Menu.Item
            className={menu.item ?? ""}
            render={<a href={one.audio_url} download={`voicemail-${one.received_at.slice(0, 16)}.wav`} />}
          >
            {t("voicemail.download")}
          </Menu.Item>
          <Menu.Separator className={menu.separator ?? ""} />
          <Menu.Group>
            <Menu.GroupLabel className={menu.label ?? ""}>{t("voicemail.move")}</Menu.GroupLabel>
            <Menu.RadioGroup
              value={one.folder}
              onValueChange={(folder: Folder) => void change(one, { folder })}
            >
              {FOLDERS.map((folder) => (
                <Menu.RadioItem key={folder} value={folder} className={menu.item ?? ""} closeOnClick>
                  <span className={menu.mark}>
                    <Menu.RadioItemIndicator>
                      <Check size={16} aria-hidden="true" />
                    </Menu.RadioItemIndicator>
                  </span>
                  {t(`voicemail.folder_${folder}`)}
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
          </Menu.Group>
        </MenuPopup>
      </Menu.Root>
    </span>
  );
}

const write = (one: Voicemail) => writeTo(somebody(callerName(one), one.caller.number, one.caller.user_id));

function Forward({ one, close }: { one: Voicemail; close: () => void }) {
  const { user } = useMe();
  const users = usePresences((store) => store.users);
  const others = [...users.values()]
    .filter((each) => each.user_id !== user.id)
    .sort((a, b) => a.display_name.localeCompare(b.display_name));
  const [to, setTo] = useState(others[0]?.user_id ?? "");
  return (
    <FormDialog
      title={t("voicemail.forward_title", { name: callerName(one) })}
      submit={t("voicemail.forward")}
      close={close}
      save={async () => {
        await forwardVoicemail(one, to);
        toast(t("voicemail.forwarded"));
      }}
    >
      <Select
        label={t("voicemail.forward_to")}
        value={to}
        options={Object.fromEntries(
          others.map((each) => [each.user_id, `${each.display_name} (${each.extension})`]),
        )}
        choose={setTo}
        required
      />
    </FormDialog>
  );
}
