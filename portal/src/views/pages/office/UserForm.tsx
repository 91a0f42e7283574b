import { useState } from "react";
import { officeChanged, once, useDevices, useNumbers } from "../../../core/administration";
import { api, ok, type User } from "../../../core/api";
import { t } from "../../../core/i18n";
import { numberShown } from "../../../core/naming";
import { useMe } from "../../../core/session";
import { FormDialog } from "../../../ui/Dialog";
import { Choices, Select, Switch, TextField } from "../../../ui/Fields";
import parts from "../parts/Parts.module.css";

type Fields = {
  extension: string;
  display_name: string;
  login: string;
  email: string;
  role: "basic_user" | "office_manager";
  sms_enabled: boolean;
};

/** Somebody new, or somebody changed; with the numbers they use. */
export function UserForm({ user, close }: { user?: User; close: () => void }) {
  const { me, user: self } = useMe();
  const numbers = useNumbers().data ?? [];
  const devices = useDevices().data?.filter((one) => one.user_id === user?.id) ?? [];
  const [fields, setFields] = useState<Fields>({
    extension: user?.extension ?? "",
    display_name: user?.display_name ?? "",
    login: user?.login ?? "",
    email: user?.email ?? "",
    role: user?.role === "office_manager" ? "office_manager" : "basic_user",
    sms_enabled: user?.sms_enabled ?? true,
  });
  const had = user ? numbers.filter((one) => one.user_ids.includes(user.id)).map((one) => one.id) : [];
  const [chosen, setChosen] = useState<string[]>();
  const set = (changes: Partial<Fields>) => setFields({ ...fields, ...changes });

  async function save() {
    const body = { ...fields, login: fields.login.trim() || null, email: fields.email.trim() || null };
    const kept = user
      ? await ok(api.PATCH("/v1/users/{user_id}", { params: { path: { user_id: user.id } }, body }))
      : await ok(api.POST("/v1/users", { body, headers: once() }));
    await officeChanged("users");
    for (const one of numbers) {
      const wanted = (chosen ?? had).includes(one.id);
      if (wanted === one.user_ids.includes(kept.id)) continue;
      const user_ids = wanted ? [...one.user_ids, kept.id] : one.user_ids.filter((each) => each !== kept.id);
      await ok(
        api.PATCH("/v1/numbers/{number_id}", { params: { path: { number_id: one.id } }, body: { user_ids } }),
      );
    }
    await officeChanged("numbers");
  }

  return (
    <FormDialog
      title={user ? t("users.edit_title", { name: user.display_name }) : t("users.add")}
      submit={t("action.save")}
      close={close}
      save={save}
    >
      <TextField
        label={t("users.name")}
        value={fields.display_name}
        required
        maxLength={100}
        dir="auto"
        onChange={(event) => set({ display_name: event.target.value })}
      />
      <TextField
        label={t("settings.extension")}
        value={fields.extension}
        required
        inputMode="numeric"
        maxLength={20}
        onChange={(event) => set({ extension: event.target.value })}
      />
      <TextField
        label={t("users.login")}
        hint={t("users.login_hint", { realm: me.domain?.realm ?? "…" })}
        value={fields.login}
        maxLength={64}
        autoComplete="off"
        onChange={(event) => set({ login: event.target.value })}
      />
      <TextField
        label={t("settings.email_address")}
        type="email"
        value={fields.email}
        maxLength={254}
        autoComplete="off"
        onChange={(event) => set({ email: event.target.value })}
      />
      <Select
        label={t("settings.role")}
        value={fields.role}
        disabled={user?.id === self.id}
        options={{ basic_user: t("role.basic_user"), office_manager: t("role.office_manager") }}
        choose={(role) => set({ role: role as Fields["role"] })}
      />
      <Switch
        label={t("users.may_text")}
        checked={fields.sms_enabled}
        change={(sms_enabled) => set({ sms_enabled })}
      />
      {numbers.length > 0 ? (
        <Choices
          label={t("office.numbers")}
          options={Object.fromEntries(numbers.map((one) => [one.id, numberShown(one.e164)]))}
          chosen={chosen ?? had}
          change={setChosen}
        />
      ) : null}
      {user ? (
        <p className={parts.hint}>
          {devices.length > 0
            ? t("users.devices", { list: devices.map((one) => one.label || one.endpoint).join(", ") })
            : t("users.no_devices")}
        </p>
      ) : null}
    </FormDialog>
  );
}
