import { Menu } from "@base-ui/react/menu";
import { Ellipsis, Plus, Upload, Users as UsersIcon } from "lucide-react";
import { useState } from "react";
import { type Erasure, mentions, officeChanged, useUsers } from "../../../core/administration";
import { api, ok, type User } from "../../../core/api";
import { attempt } from "../../../core/attempt";
import { dateText, t } from "../../../core/i18n";
import { useMe } from "../../../core/session";
import { Avatar } from "../../../ui/Avatar";
import { Button, iconButtonClass } from "../../../ui/Button";
import { Confirm, SecretDialog } from "../../../ui/Dialog";
import { Empty } from "../../../ui/Empty";
import menu from "../../../ui/Menu.module.css";
import messages from "../messages/Messages.module.css";
import { type Column, DataTable } from "../parts/DataTable";
import { Loaded } from "../parts/Loaded";
import { MenuPopup } from "../parts/MenuPopup";
import parts from "../parts/Parts.module.css";
import { Bar } from "./Bar";
import { EraseDialog } from "./EraseDialog";
import { Report } from "./Erasures";
import { ImportDialog } from "./ImportDialog";
import { UserForm } from "./UserForm";

type Doing =
  | { what: "add" | "import" }
  | { what: "edit" | "disable" | "delete" | "reset" | "erase"; user: User }
  | { what: "erased"; report: Erasure }
  | { what: "secret"; user: User; secret: string; until: string };

/** Everybody in the domain. */
export function Users() {
  const query = useUsers();
  const [typed, setTyped] = useState("");
  const [doing, setDoing] = useState<Doing>();
  const close = () => setDoing(undefined);
  const shown = (query.data ?? [])
    .filter((one) => mentions(typed.trim(), one.display_name, one.extension, one.login, one.email))
    .sort((a, b) => a.extension.localeCompare(b.extension, undefined, { numeric: true }));

  return (
    <>
      <Bar label={t("users.search")} typed={typed} type={setTyped}>
        <Button onClick={() => setDoing({ what: "import" })}>
          <Upload size={17} aria-hidden="true" />
          {t("office.import")}
        </Button>
        <Button look="primary" onClick={() => setDoing({ what: "add" })}>
          <Plus size={17} aria-hidden="true" />
          {t("users.add")}
        </Button>
      </Bar>
      <Loaded query={query}>
        {() =>
          shown.length === 0 ? (
            <Empty icon={<UsersIcon size={24} />} title={t("users.none")}>
              {null}
            </Empty>
          ) : (
            <DataTable
              label={t("office.users")}
              rows={shown}
              keyOf={(one) => one.id}
              columns={columns(setDoing)}
            />
          )
        }
      </Loaded>
      {doing?.what === "add" ? <UserForm close={close} /> : null}
      {doing?.what === "edit" ? <UserForm user={doing.user} close={close} /> : null}
      {doing?.what === "import" ? <ImportDialog of="users" close={close} /> : null}
      {doing?.what === "secret" ? (
        <SecretDialog
          title={t("users.temporary", { name: doing.user.display_name })}
          hint={t("users.temporary_hint", {
            until: dateText(doing.until, { dateStyle: "medium", timeStyle: "short" }),
          })}
          secret={doing.secret}
          close={close}
        />
      ) : null}
      {doing?.what === "reset" ? <Reset user={doing.user} close={close} show={setDoing} /> : null}
      {doing?.what === "disable" ? (
        <Confirm
          title={t("users.disable_title", { name: doing.user.display_name })}
          action={t("users.disable")}
          close={close}
          run={() => change(doing.user, { enabled: false })}
        >
          <p>{t("users.disable_hint")}</p>
        </Confirm>
      ) : null}
      {doing?.what === "delete" ? (
        <Confirm
          title={t("users.delete_title", { name: doing.user.display_name })}
          action={t("users.delete")}
          close={close}
          run={async () => {
            await ok(api.DELETE("/v1/users/{user_id}", { params: { path: { user_id: doing.user.id } } }));
            await officeChanged("users", "devices", "numbers");
          }}
        >
          <p>{t("users.delete_hint")}</p>
        </Confirm>
      ) : null}
      {doing?.what === "erase" ? (
        <EraseDialog
          whom={doing.user}
          close={() => setDoing((now) => (now?.what === "erase" ? undefined : now))}
          done={(report) => setDoing({ what: "erased", report })}
        />
      ) : null}
      {doing?.what === "erased" ? <Report erasure={doing.report} close={close} /> : null}
    </>
  );
}

async function change(user: User, body: { enabled?: boolean; sms_enabled?: boolean }): Promise<void> {
  await ok(api.PATCH("/v1/users/{user_id}", { params: { path: { user_id: user.id } }, body }));
  await officeChanged("users");
}

function Reset({ user, close, show }: { user: User; close: () => void; show: (doing: Doing) => void }) {
  return (
    <Confirm
      title={t("users.reset_title", { name: user.display_name })}
      action={t("users.reset")}
      close={close}
      run={async () => {
        const params = { path: { user_id: user.id } };
        const made = await ok(api.POST("/v1/users/{user_id}:reset-password", { params }));
        return () => show({ what: "secret", user, secret: made.temporary_password, until: made.expires_at });
      }}
    >
      <p>{t("users.reset_hint")}</p>
    </Confirm>
  );
}

function columns(act: (doing: Doing) => void): Column<User>[] {
  return [
    {
      id: "name",
      title: t("users.name"),
      width: "minmax(9rem, 1.6fr)",
      cell: (one) => (
        <span className={messages.who}>
          <Avatar name={one.display_name} id={one.id} size={32} />
          <span className={messages.caller}>
            <span dir="auto">{one.display_name}</span>
            <span className={messages.detail}>
              <bdi>{one.email ?? ""}</bdi>
            </span>
          </span>
        </span>
      ),
    },
    { id: "extension", title: t("settings.extension"), width: "5.5rem", cell: (one) => one.extension },
    {
      id: "role",
      title: t("settings.role"),
      width: "minmax(6rem, 0.8fr)",
      cell: (one) => t(one.role === "office_manager" ? "role.office_manager" : "role.basic_user"),
    },
    {
      id: "sms",
      title: t("users.sms"),
      width: "4.5rem",
      cell: (one) => (
        <span className={parts.pill} data-look={one.sms_enabled ? "good" : undefined}>
          {t(one.sms_enabled ? "users.on" : "users.off")}
        </span>
      ),
    },
    {
      id: "state",
      title: t("users.state"),
      width: "6rem",
      cell: (one) => (
        <span className={parts.pill} data-look={one.enabled ? undefined : "bad"}>
          {t(one.enabled ? "users.enabled" : "users.disabled")}
        </span>
      ),
    },
    {
      id: "actions",
      title: t("page.actions"),
      width: "3rem",
      end: true,
      card: "bare",
      cell: (one) => <Actions user={one} act={act} />,
    },
  ];
}

function Actions({ user, act }: { user: User; act: (doing: Doing) => void }) {
  const { user: me } = useMe();
  const self = user.id === me.id;
  const item = menu.item ?? "";
  const danger = `${menu.item} ${menu.danger}`;
  return (
    <Menu.Root>
      <Menu.Trigger
        className={iconButtonClass(true)}
        aria-label={t("users.more", { name: user.display_name })}
      >
        <Ellipsis size={18} aria-hidden="true" />
      </Menu.Trigger>
      <MenuPopup>
        <Menu.Item className={item} onClick={() => act({ what: "edit", user })}>
          {t("users.edit")}
        </Menu.Item>
        <Menu.Item
          className={item}
          onClick={() =>
            void attempt(
              change(user, { sms_enabled: !user.sms_enabled }),
              t(user.sms_enabled ? "users.sms_off" : "users.sms_on", { name: user.display_name }),
            )
          }
        >
          {t(user.sms_enabled ? "users.turn_sms_off" : "users.turn_sms_on")}
        </Menu.Item>
        <Menu.Item className={item} onClick={() => act({ what: "reset", user })}>
          {t("users.reset")}
        </Menu.Item>
        {self ? null : (
          <>
            <Menu.Separator className={menu.separator ?? ""} />
            {user.enabled ? (
              <Menu.Item className={danger} onClick={() => act({ what: "disable", user })}>
                {t("users.disable")}
              </Menu.Item>
            ) : (
              <Menu.Item
                className={item}
                onClick={() =>
                  void attempt(
                    change(user, { enabled: true }),
                    t("users.enabled_done", { name: user.display_name }),
                  )
                }
              >
                {t("users.enable")}
              </Menu.Item>
            )}
            <Menu.Item className={danger} onClick={() => act({ what: "delete", user })}>
              {t("users.delete")}
            </Menu.Item>
            <Menu.Item className={danger} onClick={() => act({ what: "erase", user })}>
              {t("users.erase")}
            </Menu.Item>
          </>
        )}
      </MenuPopup>
    </Menu.Root>
  );
}
