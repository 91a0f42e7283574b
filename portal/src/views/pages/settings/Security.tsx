import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { agentText } from "../../../core/agents";
import { api, ok, type Schemas } from "../../../core/api";
import { attempt } from "../../../core/attempt";
import { dateText, t } from "../../../core/i18n";
import { explain } from "../../../core/problems";
import { renew } from "../../../core/queries";
import { toast } from "../../../core/toasts";
import { Button } from "../../../ui/Button";
import { Confirm } from "../../../ui/Dialog";
import { Alert, TextField } from "../../../ui/Fields";
import { Loaded } from "../parts/Loaded";
import { Card } from "../parts/PageHead";
import parts from "../parts/Parts.module.css";
import styles from "./Settings.module.css";

type Session = Schemas["SessionResource"];
const SESSIONS = ["sessions"] as const;

/** The password, and where one is logged in. */
export function Security() {
  return (
    <>
      <Password />
      <Sessions />
    </>
  );
}

function Password() {
  const [current, setCurrent] = useState("");
  const [wanted, setWanted] = useState("");
  const [again, setAgain] = useState("");
  const [failed, setFailed] = useState("");

  async function save(event: FormEvent) {
    event.preventDefault();
    setFailed("");
    if (wanted !== again) return setFailed(t("security.differ"));
    try {
      const body = { current_password: current, new_password: wanted };
      const { ended } = await ok(api.POST("/v1/me/password", { body }));
      toast(t("security.changed", { count: ended }));
      setCurrent("");
      setWanted("");
      setAgain("");
      await renew(SESSIONS);
    } catch (error) {
      setFailed(explain(error));
    }
  }

  return (
    <Card title={t("security.password")} hint={t("security.password_hint")}>
      <form className={parts.stack} onSubmit={(event) => void save(event)}>
        <TextField
          label={t("security.current")}
          type="password"
          autoComplete="current-password"
          required
          maxLength={256}
          value={current}
          onChange={(event) => setCurrent(event.target.value)}
        />
        <TextField
          label={t("security.wanted")}
          hint={t("security.wanted_hint")}
          type="password"
          autoComplete="new-password"
          required
          minLength={10}
          maxLength={256}
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
        <TextField
          label={t("security.again")}
          type="password"
          autoComplete="new-password"
          required
          maxLength={256}
          value={again}
          onChange={(event) => setAgain(event.target.value)}
        />
        {failed ? <Alert>{failed}</Alert> : null}
        <div>
          <Button type="submit" look="primary">
            {t("security.change")}
          </Button>
        </div>
      </form>
    </Card>
  );
}

function Sessions() {
  const query = useQuery({
    queryKey: SESSIONS,
    queryFn: async () => (await ok(api.GET("/v1/sessions"))).items,
  });
  const [ending, setEnding] = useState(false);
  const others = query.data?.filter((one) => !one.current).length ?? 0;

  const end = (one: Session) =>
    attempt(
      ok(api.DELETE("/v1/sessions/{session_id}", { params: { path: { session_id: one.id } } })).then(() =>
        renew(SESSIONS),
      ),
      t("security.ended"),
    );

  return (
    <Card
      title={t("security.sessions")}
      hint={t("security.sessions_hint")}
      actions={
        others > 0 ? <Button onClick={() => setEnding(true)}>{t("security.end_others")}</Button> : null
      }
    >
      <Loaded query={query}>
        {() => (
          <ul className={styles.list}>
            {query.data?.map((one) => (
              <li key={one.id}>
                <span>
                  <strong>{agentText(one.user_agent)}</strong>
                  <span className={parts.hint}>
                    {t("security.session", {
                      address: one.address,
                      seen: dateText(one.last_seen_at, { dateStyle: "medium", timeStyle: "short" }),
                    })}
                  </span>
                </span>
                {one.current ? (
                  <span className={parts.pill} data-look="good">
                    {t("security.this_one")}
                  </span>
                ) : (
                  <Button
                    aria-label={t("security.end_one", {
                      browser: agentText(one.user_agent),
                      address: one.address,
                    })}
                    onClick={() => void end(one)}
                  >
                    {t("security.end")}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      {ending ? (
        <Confirm
          title={t("security.end_others")}
          action={t("security.end_others")}
          close={() => setEnding(false)}
          run={async () => {
            const { ended } = await ok(api.POST("/v1/sessions:end-others"));
            toast(t("security.ended_others", { count: ended }));
            await renew(SESSIONS);
          }}
        >
          <p>{t("security.end_others_hint", { count: others })}</p>
        </Confirm>
      ) : null}
    </Card>
  );
}
