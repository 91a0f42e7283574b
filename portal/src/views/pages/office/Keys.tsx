import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { type ApiKey, officeChanged, once, useKeys } from "../../../core/administration";
import { api, ok } from "../../../core/api";
import { dateText, t } from "../../../core/i18n";
import { momentOf } from "../../../core/moments";
import { Button } from "../../../ui/Button";
import { Confirm, FormDialog, SecretDialog } from "../../../ui/Dialog";
import { Empty } from "../../../ui/Empty";
import { TextField } from "../../../ui/Fields";
import { DataTable } from "../parts/DataTable";
import { Loaded } from "../parts/Loaded";
import parts from "../parts/Parts.module.css";

const day = (moment: string) => dateText(moment, { dateStyle: "medium" });
const scopeText = (scope: ApiKey["scope"]) =>
  t(scope === "office_manager" ? "keys.scope_domain" : "keys.scope_user");

/** Keys of the servers that may use the API for this domain. */
export function Keys() {
  const query = useKeys();
  const [adding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey>();
  const [secret, setSecret] = useState<string>();
  const rows = query.data ?? [];
  return (
    <>
      <div className={parts.filters}>
        <p className={parts.hint}>{t("keys.hint")}</p>
        <Button look="primary" onClick={() => setAdding(true)}>
          <Plus size={17} aria-hidden="true" />
          {t("keys.add")}
        </Button>
      </div>
      <Loaded query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty icon={<KeyRound size={24} />} title={t("keys.none")}>
              {null}
            </Empty>
          ) : (
            <DataTable
              label={t("office.keys")}
              rows={rows}
              keyOf={(one) => one.id}
              columns={[
                {
                  id: "label",
                  title: t("keys.label"),
                  width: "minmax(8rem, 1.4fr)",
                  cell: (one) => <strong dir="auto">{one.label}</strong>,
                },
                {
                  id: "scope",
                  title: t("keys.scope"),
                  width: "minmax(6rem, 0.8fr)",
                  cell: (one) => scopeText(one.scope),
                },
                { id: "made", title: t("keys.made"), width: "7rem", cell: (one) => day(one.created_at) },
                {
                  id: "state",
                  title: t("users.state"),
                  width: "minmax(7rem, 0.8fr)",
                  cell: (one) => (
                    <span className={parts.pill} data-look={one.revoked_at ? "bad" : "good"}>
                      {one.revoked_at
                        ? t("keys.revoked")
                        : one.expires_at
                          ? t("keys.until", { day: day(one.expires_at) })
                          : t("keys.valid")}
                    </span>
                  ),
                },
                {
                  id: "actions",
                  title: t("page.actions"),
                  width: "8.5rem",
                  end: true,
                  card: "bare",
                  cell: (one) =>
                    one.revoked_at ? null : (
                      <Button
                        aria-label={t("keys.revoke_one", { name: one.label })}
                        onClick={() => setRevoking(one)}
                      >
                        {t("keys.revoke")}
                      </Button>
                    ),
                },
              ]}
            />
          )
        }
      </Loaded>
      {adding ? <Add close={() => setAdding(false)} made={setSecret} /> : null}
      {secret ? (
        <SecretDialog
          title={t("keys.secret")}
          hint={t("keys.secret_hint")}
          secret={secret}
          close={() => setSecret(undefined)}
        />
      ) : null}
      {revoking ? (
        <Confirm
          title={t("keys.revoke_title", { name: revoking.label })}
          action={t("keys.revoke")}
          close={() => setRevoking(undefined)}
          run={async () => {
            await ok(api.DELETE("/v1/keys/{key_id}", { params: { path: { key_id: revoking.id } } }));
            await officeChanged("keys");
          }}
        >
          <p>{t("keys.revoke_hint")}</p>
        </Confirm>
      ) : null}
    </>
  );
}

function Add({ close, made }: { close: () => void; made: (secret: string) => void }) {
  const [label, setLabel] = useState("");
  const [lasts, setLasts] = useState("");
  return (
    <FormDialog
      title={t("keys.add")}
      submit={t("keys.make")}
      close={close}
      save={async () => {
        const body = { label, scope: "office_manager" as const, expires_at: momentOf(lasts) };
        const issued = await ok(api.POST("/v1/keys", { body, headers: once() }));
        await officeChanged("keys");
        if (issued.secret) made(issued.secret);
      }}
    >
      <TextField
        label={t("keys.label")}
        hint={t("keys.label_hint")}
        value={label}
        required
        maxLength={100}
        dir="auto"
        onChange={(event) => setLabel(event.target.value)}
      />
      <TextField
        label={t("keys.expires")}
        hint={t("keys.expires_hint")}
        type="datetime-local"
        value={lasts}
        onChange={(event) => setLasts(event.target.value)}
      />
    </FormDialog>
  );
}
