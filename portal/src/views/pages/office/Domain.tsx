import { type FormEvent, useState } from "react";
import { api, ok, type Schemas } from "../../../core/api";
import { attempt } from "../../../core/attempt";
import { t } from "../../../core/i18n";
import { resume, useMe } from "../../../core/session";
import { Button } from "../../../ui/Button";
import { Select, Switch, TextField } from "../parts/Fields";
import { Card } from "../parts/PageHead";
import parts from "../parts/Parts.module.css";
import styles from "./Office.module.css";

type Kept = Schemas["DomainSettingsResource"];
const KEPT = [
  "keep_messages_days",
  "keep_calls_days",
  "keep_voicemails_days",
  "keep_attachments_days",
] as const;
const SWITCHES = ["users_edit_shared_contacts", "desk_phone_chat", "webhook_content"] as const;

/** What holds for everybody in the domain. */
export function Domain() {
  const { me } = useMe();
  if (me.domain === null || me.domain_settings === null) return null;
  return <Form key={JSON.stringify(me.domain_settings)} id={me.domain.id} kept={me.domain_settings} />;
}

function Form({ id, kept }: { id: string; kept: Kept }) {
  const [zone, setZone] = useState(kept.time_zone);
  const [days, setDays] = useState(() =>
    Object.fromEntries(KEPT.map((one) => [one, String(kept[one] ?? "")])),
  );
  const [on, setOn] = useState(() => Object.fromEntries(SWITCHES.map((one) => [one, kept[one]])));
  const zones = [...new Set([kept.time_zone, "UTC", ...Intl.supportedValuesOf("timeZone")])];

  async function save(event: FormEvent) {
    event.preventDefault();
    const body: Schemas["DomainSettingsChanges"] = { time_zone: zone, ...on };
    for (const one of KEPT) body[one] = days[one] ? Number(days[one]) : null;
    const params = { path: { domain_id: id } };
    if (
      await attempt(ok(api.PATCH("/v1/domains/{domain_id}/settings", { params, body })), t("settings.saved"))
    ) {
      await resume();
    }
  }

  return (
    <form onSubmit={(event) => void save(event)}>
      <Card title={t("domain.title")}>
        <p>
          <span className={parts.pill} data-look={kept.sms_enabled ? "good" : "warn"}>
            {t(kept.sms_enabled ? "domain.sms_on" : "domain.sms_off")}
          </span>{" "}
          <span className={parts.hint}>{t("domain.sms_hint")}</span>
        </p>
        <Select
          label={t("domain.zone")}
          hint={t("domain.zone_hint")}
          value={zone}
          options={Object.fromEntries(zones.map((one) => [one, one]))}
          choose={setZone}
        />
        {SWITCHES.map((one) => (
          <Switch
            key={one}
            label={t(`domain.${one}`)}
            checked={on[one] ?? false}
            change={(value) => setOn({ ...on, [one]: value })}
          />
        ))}
      </Card>
      <Card title={t("domain.keep")} hint={t("domain.keep_hint")}>
        <div className={styles.days}>
          {KEPT.map((one) => (
            <TextField
              key={one}
              label={t(`domain.${one}`)}
              type="number"
              min={1}
              max={36500}
              step={1}
              placeholder={t("domain.for_ever")}
              value={days[one] ?? ""}
              onChange={(event) => setDays({ ...days, [one]: event.target.value })}
            />
          ))}
        </div>
      </Card>
      <Button type="submit" look="primary">
        {t("action.save")}
      </Button>
    </form>
  );
}
