import { useState } from "react";
import { type Erasure, erase, sameName, sameNumber, useUsers } from "../../../core/administration";
import type { User } from "../../../core/api";
import { t } from "../../../core/i18n";
import { useMe } from "../../../core/session";
import { FormDialog } from "../../../ui/Dialog";
import { Select, TextField } from "../../../ui/Fields";
import styles from "./Office.module.css";

const NUMBER = { type: "tel", required: true, maxLength: 64, autoComplete: "off", dir: "ltr" } as const;

/** Somebody of the domain, chosen already or not, or an outside number. */
export type Whom = "user" | "number" | User;

/** Erases for good, once the name or the number was typed out. */
export function EraseDialog({
  whom,
  close,
  done,
}: {
  whom: Whom;
  close: () => void;
  done: (report: Erasure) => void;
}) {
  const { user: me } = useMe();
  const users = (useUsers().data ?? []).filter((one) => one.id !== me.id);
  const given = typeof whom === "object" ? whom : undefined;
  const [userId, setUserId] = useState(given?.id ?? "");
  const [number, setNumber] = useState("");
  const [again, setAgain] = useState("");
  const user = given ?? users.find((one) => one.id === userId);
  const ready =
    whom === "number" ? sameNumber(again, number) : user !== undefined && sameName(again, user.display_name);

  return (
    <FormDialog
      title={given ? t("erasure.title", { name: given.display_name }) : t(`erasure.${whom as "user"}`)}
      submit={t("erasure.do")}
      danger
      ready={ready}
      close={close}
      save={async () => {
        if (whom === "number") done(await erase({ number: number.trim() }));
        else if (user) done(await erase({ user_id: user.id }));
      }}
    >
      <p className={styles.note} data-look="bad">
        {t(whom === "number" ? "erasure.number_hint" : "erasure.user_hint")}
      </p>
      {whom === "number" ? (
        <>
          <TextField
            label={t("erasure.which_number")}
            {...NUMBER}
            value={number}
            onChange={(event) => setNumber(event.target.value)}
          />
          <TextField
            label={t("erasure.number_again")}
            {...NUMBER}
            value={again}
            onPaste={(event) => event.preventDefault()}
            onChange={(event) => setAgain(event.target.value)}
          />
        </>
      ) : (
        <>
          {given ? null : (
            <Select
              label={t("erasure.which_user")}
              value={userId}
              options={{
                "": t("erasure.choose"),
                ...Object.fromEntries(users.map((one) => [one.id, `${one.display_name} (${one.extension})`])),
              }}
              choose={(id) => {
                setUserId(id);
                setAgain("");
              }}
            />
          )}
          {user ? (
            <TextField
              label={t("erasure.name_again", { name: user.display_name })}
              value={again}
              required
              maxLength={200}
              autoComplete="off"
              dir="auto"
              onChange={(event) => setAgain(event.target.value)}
            />
          ) : null}
        </>
      )}
    </FormDialog>
  );
}
