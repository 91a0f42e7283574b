import { Hash, Pencil, Upload } from "lucide-react";
import { useState } from "react";
import { mentions, type NumberOf, officeChanged, useNumbers, useUsers } from "../../../core/administration";
import { api, ok, type User } from "../../../core/api";
import { t } from "../../../core/i18n";
import { numberShown } from "../../../core/naming";
import { Button, IconButton } from "../../../ui/Button";
import { FormDialog } from "../../../ui/Dialog";
import { Empty } from "../../../ui/Empty";
import { Choices, Switch } from "../../../ui/Fields";
import { DataTable } from "../parts/DataTable";
import { Loaded } from "../parts/Loaded";
import parts from "../parts/Parts.module.css";
import { Bar } from "./Bar";
import { ImportDialog } from "./ImportDialog";

/** The domain's numbers, and who uses them. */
export function Numbers() {
  const query = useNumbers();
  const users = useUsers().data ?? [];
  const [typed, setTyped] = useState("");
  const [editing, setEditing] = useState<NumberOf>();
  const [importing, setImporting] = useState(false);
  const names = (one: NumberOf) =>
    one.user_ids.map((id) => users.find((each) => each.id === id)?.display_name ?? "…").join(", ");
  const shown = (query.data ?? [])
    .filter((one) => mentions(typed.trim(), one.e164, numberShown(one.e164), names(one)))
    .sort((a, b) => a.e164.localeCompare(b.e164));

  return (
    <>
      <Bar label={t("numbers.search")} typed={typed} type={setTyped}>
        <Button onClick={() => setImporting(true)}>
          <Upload size={17} aria-hidden="true" />
          {t("office.import")}
        </Button>
      </Bar>
      <Loaded query={query}>
        {() =>
          shown.length === 0 ? (
            <Empty icon={<Hash size={24} />} title={t("numbers.none")}>
              <p>{t("numbers.none_hint")}</p>
            </Empty>
          ) : (
            <DataTable
              label={t("office.numbers")}
              rows={shown}
              keyOf={(one) => one.id}
              columns={[
                {
                  id: "number",
                  title: t("messages.number"),
                  width: "minmax(9rem, 1fr)",
                  cell: (one) => (
                    <strong>
                      <bdi>{numberShown(one.e164)}</bdi>
                    </strong>
                  ),
                },
                {
                  id: "users",
                  title: t("numbers.used_by"),
                  width: "minmax(8rem, 1.6fr)",
                  cell: (one) => <span dir="auto">{names(one) || t("numbers.nobody")}</span>,
                },
                {
                  id: "carrier",
                  title: t("numbers.carrier"),
                  width: "minmax(5rem, 0.7fr)",
                  cell: (one) => one.carrier,
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
                  id: "actions",
                  title: t("page.actions"),
                  width: "3rem",
                  end: true,
                  card: "bare",
                  cell: (one) => (
                    <IconButton
                      small
                      label={t("numbers.edit", { number: numberShown(one.e164) })}
                      onClick={() => setEditing(one)}
                    >
                      <Pencil size={17} aria-hidden="true" />
                    </IconButton>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
      {editing ? <Edit number={editing} users={users} close={() => setEditing(undefined)} /> : null}
      {importing ? <ImportDialog of="numbers" close={() => setImporting(false)} /> : null}
    </>
  );
}

function Edit({ number, users, close }: { number: NumberOf; users: User[]; close: () => void }) {
  const [chosen, setChosen] = useState<string[]>(number.user_ids);
  const [texts, setTexts] = useState(number.sms_enabled);
  return (
    <FormDialog
      title={numberShown(number.e164)}
      submit={t("action.save")}
      close={close}
      save={async () => {
        const params = { path: { number_id: number.id } };
        const body = { user_ids: chosen, sms_enabled: texts };
        await ok(api.PATCH("/v1/numbers/{number_id}", { params, body }));
        await officeChanged("numbers");
      }}
    >
      <Choices
        label={t("numbers.used_by")}
        hint={t("numbers.used_by_hint")}
        options={Object.fromEntries(users.map((one) => [one.id, `${one.display_name} (${one.extension})`]))}
        chosen={chosen}
        change={setChosen}
      />
      <Switch label={t("numbers.texts")} checked={texts} change={setTexts} />
    </FormDialog>
  );
}
