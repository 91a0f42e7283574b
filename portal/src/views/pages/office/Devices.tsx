import { Pencil, Plus, Smartphone, Trash2 } from "lucide-react";
import { useState } from "react";
import {
  type Device,
  mentions,
  officeChanged,
  once,
  useDevices,
  useUsers,
} from "../../../core/administration";
import { api, ok, type User } from "../../../core/api";
import { t } from "../../../core/i18n";
import { Button, IconButton } from "../../../ui/Button";
import { Confirm, FormDialog } from "../../../ui/Dialog";
import { Empty } from "../../../ui/Empty";
import { Select, Switch, TextField } from "../../../ui/Fields";
import messages from "../messages/Messages.module.css";
import { DataTable } from "../parts/DataTable";
import { Loaded } from "../parts/Loaded";
import parts from "../parts/Parts.module.css";
import { Bar } from "./Bar";

const nameOf = (one: Device) => one.label || one.endpoint;

/** The phones of everybody. */
export function Devices() {
  const query = useDevices();
  const users = useUsers().data ?? [];
  const [typed, setTyped] = useState("");
  const [editing, setEditing] = useState<Device | "new">();
  const [deleting, setDeleting] = useState<Device>();
  const owner = (one: Device) => users.find((each) => each.id === one.user_id)?.display_name ?? "…";
  const shown = (query.data ?? []).filter((one) =>
    mentions(typed.trim(), one.label, one.endpoint, owner(one)),
  );

  return (
    <>
      <Bar label={t("devices.search")} typed={typed} type={setTyped}>
        <Button look="primary" onClick={() => setEditing("new")}>
          <Plus size={17} aria-hidden="true" />
          {t("devices.add")}
        </Button>
      </Bar>
      <Loaded query={query}>
        {() =>
          shown.length === 0 ? (
            <Empty icon={<Smartphone size={24} />} title={t("devices.none")}>
              {null}
            </Empty>
          ) : (
            <DataTable
              label={t("office.devices")}
              rows={shown}
              keyOf={(one) => one.id}
              columns={[
                {
                  id: "name",
                  title: t("devices.name"),
                  width: "minmax(8rem, 1.2fr)",
                  cell: (one) => (
                    <span className={messages.caller}>
                      <strong dir="auto">{nameOf(one)}</strong>
                      <span className={messages.detail}>
                        <bdi>{one.endpoint}</bdi>
                      </span>
                    </span>
                  ),
                },
                {
                  id: "owner",
                  title: t("devices.owner"),
                  width: "minmax(7rem, 1fr)",
                  cell: (one) => <span dir="auto">{owner(one)}</span>,
                },
                { id: "pbx", title: t("devices.pbx"), width: "6rem", cell: (one) => one.pbx },
                {
                  id: "default",
                  title: t("devices.rings"),
                  width: "6.5rem",
                  cell: (one) =>
                    one.is_default ? <span className={parts.pill}>{t("phones.default")}</span> : "–",
                },
                {
                  id: "actions",
                  title: t("page.actions"),
                  width: "5rem",
                  end: true,
                  card: "bare",
                  cell: (one) => (
                    <span className={messages.actions}>
                      <IconButton
                        small
                        label={t("devices.edit", { name: nameOf(one) })}
                        onClick={() => setEditing(one)}
                      >
                        <Pencil size={17} aria-hidden="true" />
                      </IconButton>
                      <IconButton
                        small
                        label={t("devices.delete", { name: nameOf(one) })}
                        onClick={() => setDeleting(one)}
                      >
                        <Trash2 size={17} aria-hidden="true" />
                      </IconButton>
                    </span>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
      {editing ? (
        <Edit
          device={editing === "new" ? undefined : editing}
          users={users}
          close={() => setEditing(undefined)}
        />
      ) : null}
      {deleting ? (
        <Confirm
          title={t("devices.delete_title", { name: nameOf(deleting) })}
          action={t("devices.delete_action")}
          close={() => setDeleting(undefined)}
          run={async () => {
            await ok(api.DELETE("/v1/devices/{device_id}", { params: { path: { device_id: deleting.id } } }));
            await officeChanged("devices");
          }}
        >
          <p>{t("devices.delete_hint", { name: owner(deleting) })}</p>
        </Confirm>
      ) : null}
    </>
  );
}

function Edit({ device, users, close }: { device: Device | undefined; users: User[]; close: () => void }) {
  const [owner, setOwner] = useState(device?.user_id ?? users[0]?.id ?? "");
  const [endpoint, setEndpoint] = useState(device?.endpoint ?? "");
  const [label, setLabel] = useState(device?.label ?? "");
  const [first, setFirst] = useState(device?.is_default ?? false);
  return (
    <FormDialog
      title={device ? nameOf(device) : t("devices.add")}
      submit={t("action.save")}
      close={close}
      save={async () => {
        const fields = { endpoint, label, ...(first ? { is_default: true } : {}) };
        if (device) {
          const params = { path: { device_id: device.id } };
          await ok(api.PATCH("/v1/devices/{device_id}", { params, body: fields }));
        } else {
          await ok(api.POST("/v1/devices", { body: { user_id: owner, ...fields }, headers: once() }));
        }
        await officeChanged("devices");
      }}
    >
      {device ? null : (
        <Select
          label={t("devices.owner")}
          value={owner}
          options={Object.fromEntries(users.map((one) => [one.id, `${one.display_name} (${one.extension})`]))}
          choose={setOwner}
        />
      )}
      <TextField
        label={t("devices.endpoint")}
        hint={t("devices.endpoint_hint")}
        value={endpoint}
        required
        maxLength={80}
        autoComplete="off"
        onChange={(event) => setEndpoint(event.target.value)}
      />
      <TextField
        label={t("phones.label")}
        value={label}
        maxLength={100}
        dir="auto"
        onChange={(event) => setLabel(event.target.value)}
      />
      <Switch label={t("devices.first")} checked={first} disabled={device?.is_default} change={setFirst} />
    </FormDialog>
  );
}
