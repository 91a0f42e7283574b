import { Pencil, Smartphone } from "lucide-react";
import { useState } from "react";
import { api, ok, type Schemas } from "../../../core/api";
import { attempt } from "../../../core/attempt";
import { t } from "../../../core/i18n";
import { numberShown } from "../../../core/naming";
import { resume, useMe } from "../../../core/session";
import { IconButton } from "../../../ui/Button";
import { FormDialog } from "../../../ui/Dialog";
import { Empty } from "../../../ui/Empty";
import { TextField } from "../../../ui/Fields";
import { Card } from "../parts/PageHead";
import parts from "../parts/Parts.module.css";
import styles from "./Settings.module.css";

type Device = Schemas["DeviceResource"];

/** What rings for somebody, and the numbers they have. */
export function Phones() {
  const { me } = useMe();
  const [naming, setNaming] = useState<Device>();

  return (
    <>
      <Card title={t("phones.devices")} hint={t("phones.devices_hint")}>
        {me.devices.length === 0 ? (
          <Empty icon={<Smartphone size={24} />} title={t("phones.none")}>
            <p>{t("phones.none_hint")}</p>
          </Empty>
        ) : (
          <fieldset className={styles.devices}>
            <legend className="listened">{t("phones.which_rings")}</legend>
            {me.devices.map((one) => (
              <div key={one.id} className={styles.device}>
                <label>
                  <input
                    type="radio"
                    name="default-device"
                    checked={one.is_default}
                    onChange={() =>
                      void attempt(
                        ok(
                          api.PATCH("/v1/devices/{device_id}", {
                            params: { path: { device_id: one.id } },
                            body: { is_default: true },
                          }),
                        ).then(resume),
                        t("phones.rings_first", { name: one.label || one.endpoint }),
                      )
                    }
                  />
                  <span>
                    <strong dir="auto">{one.label || one.endpoint}</strong>
                    <span className={parts.hint}>
                      <bdi>{one.endpoint}</bdi>
                      {one.is_default ? ` · ${t("phones.default")}` : ""}
                    </span>
                  </span>
                </label>
                <IconButton
                  small
                  label={t("phones.rename", { name: one.label || one.endpoint })}
                  onClick={() => setNaming(one)}
                >
                  <Pencil size={17} aria-hidden="true" />
                </IconButton>
              </div>
            ))}
          </fieldset>
        )}
      </Card>
      <Card title={t("phones.numbers")} hint={t("phones.numbers_hint")}>
        {me.numbers.length === 0 ? (
          <p>{t("phones.no_numbers")}</p>
        ) : (
          <ul className={styles.list}>
            {me.numbers.map((one) => (
              <li key={one.id}>
                <strong>
                  <bdi>{numberShown(one.e164)}</bdi>
                </strong>
                <span className={parts.row}>
                  {one.user_ids.length > 1 ? (
                    <span className={parts.pill}>{t("phones.shared", { count: one.user_ids.length })}</span>
                  ) : null}
                  <span className={parts.pill} data-look={one.sms_enabled ? "good" : "warn"}>
                    {t(one.sms_enabled ? "phones.sms_on" : "phones.sms_off")}
                  </span>
                </span>
              </li>
            ))}
          </ul>
        )}
      </Card>
      {naming ? <Rename device={naming} close={() => setNaming(undefined)} /> : null}
    </>
  );
}

function Rename({ device, close }: { device: Device; close: () => void }) {
  const [label, setLabel] = useState(device.label);
  return (
    <FormDialog
      title={t("phones.rename_title")}
      submit={t("action.save")}
      close={close}
      save={async () => {
        const params = { path: { device_id: device.id } };
        await ok(api.PATCH("/v1/devices/{device_id}", { params, body: { label: label.trim() } }));
        await resume();
      }}
    >
      <TextField
        label={t("phones.label")}
        value={label}
        maxLength={100}
        dir="auto"
        onChange={(event) => setLabel(event.target.value)}
      />
    </FormDialog>
  );
}
