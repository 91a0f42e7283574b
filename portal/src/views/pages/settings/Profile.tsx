import { type FormEvent, useState } from "react";
import { api, ok } from "../../../core/api";
import { attempt } from "../../../core/attempt";
import { t } from "../../../core/i18n";
import { resume, useMe } from "../../../core/session";
import { Avatar } from "../../../ui/Avatar";
import { Button } from "../../../ui/Button";
import { Switch, TextField } from "../../../ui/Fields";
import { Card } from "../parts/PageHead";
import parts from "../parts/Parts.module.css";
import styles from "./Settings.module.css";

/** Who one is, and where mail goes. */
export function Profile() {
  const { me, user } = useMe();
  const [changed, setEmail] = useState<string>();
  const email = changed ?? user.email ?? "";
  const [deskChat, setDeskChat] = useState(me.settings?.desk_phone_chat ?? false);

  async function save(event: FormEvent) {
    event.preventDefault();
    if (
      await attempt(ok(api.PATCH("/v1/me", { body: { email: email.trim() || null } })), t("settings.saved"))
    ) {
      await resume();
      setEmail(undefined);
    }
  }

  return (
    <>
      <Card title={t("settings.you")} hint={t("settings.you_hint")}>
        <div className={parts.row}>
          <Avatar name={user.display_name} id={user.id} size={44} />
          <strong dir="auto">{user.display_name}</strong>
        </div>
        <dl className={styles.facts}>
          <dt>{t("settings.extension")}</dt>
          <dd>{user.extension}</dd>
          <dt>{t("settings.login")}</dt>
          <dd dir="auto">{loginName(user, me.domain?.realm)}</dd>
          <dt>{t("settings.role")}</dt>
          <dd>{t(user.role === "office_manager" ? "role.office_manager" : "role.basic_user")}</dd>
          <dt>{t("settings.organisation")}</dt>
          <dd dir="auto">{me.domain?.name ?? "–"}</dd>
        </dl>
      </Card>
      <Card title={t("settings.email")} hint={t("settings.email_hint")}>
        <form className={styles.line} onSubmit={(event) => void save(event)}>
          <TextField
            label={t("settings.email_address")}
            type="email"
            autoComplete="email"
            maxLength={254}
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
          <Button type="submit" look="primary">
            {t("action.save")}
          </Button>
        </form>
      </Card>
      {me.domain_settings?.desk_phone_chat ? (
        <Card title={t("settings.desk_phones")}>
          <Switch
            label={t("settings.desk_phone_chat")}
            hint={t("settings.desk_phone_chat_hint")}
            checked={deskChat}
            change={(on) => {
              setDeskChat(on);
              void attempt(ok(api.PATCH("/v1/me/settings", { body: { desk_phone_chat: on } }))).then(
                (done) => {
                  if (!done) setDeskChat(!on);
                  else void resume();
                },
              );
            }}
          />
        </Card>
      ) : null}
    </>
  );
}

function loginName(
  user: { login: string | null; extension: string },
  realm: string | null | undefined,
): string {
  const name = user.login ?? user.extension;
  return realm ? `${name}@${realm}` : name;
}
