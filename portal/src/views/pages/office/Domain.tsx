import { type FormEvent, useState } from "react";
import { api, ok, type Schemas } from "../../../core/api";
import { attempt } from "../../../core/attempt";
import { t } from "../../../core/i18n";
import { resume, useMe } from "../../../core/session";
import { Button } from "../../../ui/Button";
import { Select, Switch, TextField } from "../../../ui/Fields";
import { Card } from "../parts/PageHead";
import parts from "../parts/Parts.module.css";
import styles from "./Office.module.css";

type Kept = Schemas["DomainSettingsResource"];
type Changes = Schemas["DomainSettingsChanges"];
const KEPT = [
  "keep_messages_days",
  "keep_calls_days",
  "keep_voicemails_days",
  "keep_attachments_days",
] as const;
/** A year. */
const LONGEST_EDIT_MIN = 525_600;
const SWITCHES = ["users_edit_shared_contacts", "desk_phone_chat", "webhook_content"] as const;

/** What holds for everybody in the domain. */
export function Domain() {
  const { me } = useMe();
  if (me.domain === null || me.domain_settings === null) return null;
  return <Form id={me.domain.id} kept={me.domain_settings} />;
}

/** Shows what somebody changed here, and of all else what the engine has now. */
function Form({ id, kept }: { id: string; kept: Kept }) {
  const [changes, setChanges] = useState<Changes>({});
  const now = { ...kept, ...changes };
  const zones = [...new Set([now.time_zone, "UTC", ...Intl.supportedValuesOf("timeZone")])];
  const change = (more: Changes) => setChanges({ ...changes, ...more });

  async function save(event: FormEvent) {
    event.preventDefault();
    const params = { path: { domain_id: id } };
    const saving = ok(api.PATCH("/v1/domains/{domain_id}/settings", { params, body: changes }));
    if (await attempt(saving, t("settings.saved"))) {
      await resume();
      setChanges((later) => (later === changes ? {} : later));
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
          value={now.time_zone}
          options={Object.fromEntries(zones.map((one) => [one, one]))}
          choose={(time_zone) => change({ time_zone })}
        />
        <TextField
          label={t("domain.edit_within")}
          hint={t("domain.edit_within_hint")}
          type="number"
          required
          min={0}
          max={LONGEST_EDIT_MIN}
          step="any"
          value={Number.isNaN(now.edit_within_s) ? "" : now.edit_within_s / 60}
          onChange={(event) => change({ edit_within_s: Math.round(event.target.valueAsNumber * 60) })}
        />
        {SWITCHES.map((one) => (
          <Switch
            key={one}
            label={t(`domain.${one}`)}
            checked={now[one]}
            change={(value) => change({ [one]: value })}
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
              value={now[one] ?? ""}
              onChange={({ target }) => change({ [one]: target.value === "" ? null : Number(target.value) })}
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
