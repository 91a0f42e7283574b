import { useQuery } from "@tanstack/react-query";
import { BellRing, Play, Trash2 } from "lucide-react";
import { useState } from "react";
import { agentText } from "../../../core/agents";
import { api, ok, type Schemas } from "../../../core/api";
import { attempt } from "../../../core/attempt";
import { dateText, LANGUAGES, t } from "../../../core/i18n";
import { onFrame } from "../../../core/live";
import { pushObstacle, subscribe, unsubscribe, useSubscriptions } from "../../../core/push";
import { queries, renew } from "../../../core/queries";
import { useMe } from "../../../core/session";
import { toast } from "../../../core/toasts";
import { play } from "../../../core/tones";
import { spansOf, USUAL, type Week, weekOf } from "../../../core/working-hours";
import { Button, IconButton } from "../../../ui/Button";
import { Select, Switch, TextField } from "../../../ui/Fields";
import { Loaded } from "../parts/Loaded";
import { Card } from "../parts/PageHead";
import parts from "../parts/Parts.module.css";
import styles from "./Settings.module.css";

type Chosen = Schemas["NotificationSettingsResource"];
type Changes = Schemas["NotificationChanges"];
const SETTINGS = ["notification-settings"] as const;
const SOUNDS = ["chime", "bell", "drop", "knock", "none"] as const;
const KINDS = ["chats", "texts", "voicemails", "missed_calls"] as const;

/** Changes on their way: what is read meanwhile may not hold them yet, and would show them taken back. */
let onTheirWay = 0;

function follow() {
  if (onTheirWay === 0) void renew(SETTINGS);
}

onFrame("notification.updated", follow);

/** Show it chosen at once and tell the engine; whether it took it. */
async function change(changes: Changes): Promise<boolean> {
  const before = queries.getQueryData<Chosen>(SETTINGS);
  const show = (some: Partial<Chosen>) =>
    queries.setQueryData<Chosen>(SETTINGS, (shown) => shown && { ...shown, ...some });
  onTheirWay += 1;
  void queries.cancelQueries({ queryKey: SETTINGS });
  show(changes);
  const done = await attempt(ok(api.PATCH("/v1/me/notifications", { body: changes })));
  if (!done && before) {
    show(Object.fromEntries(Object.keys(changes).map((name) => [name, before[name as keyof Chosen]])));
  }
  onTheirWay -= 1;
  follow();
  return done;
}

/** Of what, how and when somebody is told. */
export function Notifications() {
  const query = useQuery({ queryKey: SETTINGS, queryFn: () => ok(api.GET("/v1/me/notifications")) });
  return (
    <Loaded query={query}>
      {() => {
        const chosen = query.data;
        if (chosen === undefined) return null;
        return (
          <>
            <What chosen={chosen} />
            <How chosen={chosen} />
            <Push chosen={chosen} />
            <When chosen={chosen} />
          </>
        );
      }}
    </Loaded>
  );
}

function What({ chosen }: { chosen: Chosen }) {
  return (
    <Card title={t("notifications.what")}>
      <div className={styles.pairs}>
        {KINDS.map((kind) => (
          <Switch
            key={kind}
            label={t(`notifications.${kind}`)}
            checked={chosen[kind]}
            change={(on) => void change({ [kind]: on })}
          />
        ))}
      </div>
      <Select
        label={t("notifications.preview")}
        hint={t("notifications.preview_hint")}
        value={chosen.preview}
        options={{
          full: t("notifications.preview_full"),
          sender: t("notifications.preview_sender"),
          nothing: t("notifications.preview_nothing"),
        }}
        choose={(preview) => void change({ preview: preview as Chosen["preview"] })}
      />
    </Card>
  );
}

function How({ chosen }: { chosen: Chosen }) {
  const { user } = useMe();
  const [permission, setPermission] = useState(() =>
    "Notification" in window ? Notification.permission : "denied",
  );

  async function desktop(on: boolean) {
    if (on && permission === "default") {
      const said = await Notification.requestPermission();
      setPermission(said);
      if (said !== "granted") return;
    }
    await change({ desktop: on });
  }

  async function test() {
    await attempt(
      ok(api.POST("/v1/me/notifications:test", { body: {} })).then(({ channel }) => {
        toast(t(`notifications.test_${channel}`));
      }),
    );
  }

  return (
    <Card
      title={t("notifications.how")}
      actions={
        <Button onClick={() => void test()}>
          <BellRing size={17} aria-hidden="true" />
          {t("notifications.test")}
        </Button>
      }
    >
      <div className={parts.row}>
        <Select
          label={t("notifications.sound")}
          value={chosen.sound}
          options={Object.fromEntries(SOUNDS.map((one) => [one, t(`notifications.sound_${one}`)]))}
          choose={(sound) => {
            play(sound as Chosen["sound"]);
            void change({ sound: sound as Chosen["sound"] });
          }}
        />
        <IconButton
          className={styles.beside ?? ""}
          label={t("notifications.play")}
          disabled={chosen.sound === "none"}
          onClick={() => play(chosen.sound)}
        >
          <Play size={18} aria-hidden="true" />
        </IconButton>
      </div>
      <Switch
        label={t("notifications.desktop")}
        hint={t(
          permission === "denied"
            ? "notifications.desktop_denied"
            : permission === "default"
              ? "notifications.desktop_ask"
              : "notifications.desktop_hint",
        )}
        checked={chosen.desktop && permission === "granted"}
        disabled={permission === "denied"}
        change={(on) => void desktop(on)}
      />
      <Switch
        label={t("notifications.email")}
        hint={
          !chosen.email_available
            ? t("notifications.email_unavailable")
            : user.email
              ? t("notifications.email_hint", { address: user.email })
              : t("notifications.email_missing")
        }
        checked={chosen.email && chosen.email_available}
        disabled={!chosen.email_available}
        change={(on) => void change({ email: on })}
      />
      {chosen.email && chosen.email_available ? (
        <Select
          label={t("notifications.email_after")}
          value={String(chosen.email_after_minutes)}
          options={Object.fromEntries(
            [...new Set([1, 5, 15, 30, 60, chosen.email_after_minutes])]
              .sort((a, b) => a - b)
              .map((one) => [String(one), t("notifications.minutes", { count: one })]),
          )}
          choose={(minutes) => void change({ email_after_minutes: Number(minutes) })}
        />
      ) : null}
      {chosen.email && chosen.email_available ? (
        <Select
          label={t("notifications.email_language")}
          value={chosen.email_language}
          options={LANGUAGES}
          choose={(language) => void change({ email_language: language as Chosen["email_language"] })}
        />
      ) : null}
    </Card>
  );
}

function Push({ chosen }: { chosen: Chosen }) {
  const subscriptions = useSubscriptions();
  const [obstacle, setObstacle] = useState(pushObstacle);
  const listed = subscriptions.data ?? [];

  async function add() {
    await attempt(
      subscribe().then(
        (said) => toast(t(said === "denied" ? "notify.denied" : "notifications.push_added")),
        (error: unknown) => {
          if (error instanceof DOMException) toast(t("notifications.push_refused"), { bad: true });
          else throw error;
        },
      ),
    );
    setObstacle(pushObstacle());
  }

  return (
    <Card
      title={t("notifications.push")}
      hint={t("notifications.push_hint")}
      actions={
        obstacle ? null : (
          <Button onClick={() => void add()} data-testid="push-add">
            {t("notifications.push_add")}
          </Button>
        )
      }
    >
      {obstacle ? <p className={parts.hint}>{t(`notifications.push_${obstacle}`)}</p> : null}
      {listed.length > 0 ? (
        <>
          <Switch
            label={t("notifications.push_on")}
            checked={chosen.push}
            change={(on) => void change({ push: on })}
          />
          <ul className={styles.list}>
            {listed.map((one) => (
              <li key={one.id}>
                <span>
                  <strong>{agentText(one.user_agent)}</strong>
                  <span className={parts.hint}>
                    {t("notifications.push_since", {
                      day: dateText(one.created_at, { dateStyle: "medium" }),
                    })}
                  </span>
                </span>
                <IconButton
                  small
                  label={t("notifications.push_remove", { browser: agentText(one.user_agent) })}
                  onClick={() => void attempt(unsubscribe(one.id), t("notifications.push_removed"))}
                >
                  <Trash2 size={18} aria-hidden="true" />
                </IconButton>
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </Card>
  );
}

/** Any Monday, from which the names of days are taken. */
const MONDAY = new Date(2024, 0, 1);
const dayName = (at: number) => dateText(new Date(2024, 0, MONDAY.getDate() + at), { weekday: "long" });

function When({ chosen }: { chosen: Chosen }) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const kept = chosen.working_hours;
  const [edited, setEdited] = useState<Week>();
  const week = edited ?? weekOf(kept?.hours ?? []) ?? USUAL;
  const zone = kept?.time_zone ?? own;
  const wrong = week.some((one) => one.on && one.opens >= one.closes);
  const tooComplex = kept !== null && weekOf(kept.hours) === undefined;

  function set(at: number, changes: Partial<Week[number]>) {
    setEdited(week.map((one, index) => (index === at ? { ...one, ...changes } : one)));
  }

  return (
    <Card title={t("notifications.when")} hint={t("notifications.when_hint")}>
      <Switch
        label={t("notifications.hours_only")}
        checked={kept !== null}
        change={(on) => {
          setEdited(undefined);
          void change({ working_hours: on ? { time_zone: own, hours: spansOf(USUAL) } : null });
        }}
      />
      {kept === null ? null : (
        <form
          className={parts.stack}
          onSubmit={(event) => {
            event.preventDefault();
            if (wrong || spansOf(week).length === 0) return;
            void change({ working_hours: { time_zone: zone, hours: spansOf(week) } }).then((done) => {
              if (!done) return;
              setEdited(undefined);
              toast(t("settings.saved"));
            });
          }}
        >
          {tooComplex ? (
            <p className={parts.hint}>{t("notifications.hours_complex", { hours: kept.hours.join("; ") })}</p>
          ) : null}
          <p className={parts.hint}>{t("notifications.zone", { zone })}</p>
          <ul className={styles.week}>
            {week.map((day, at) => {
              const name = dayName(at);
              return (
                <li key={name}>
                  <Switch label={name} checked={day.on} change={(on) => set(at, { on })} />
                  {day.on ? (
                    <span className={styles.times}>
                      <TextField
                        label={t("notifications.from", { day: name })}
                        type="time"
                        required
                        value={day.opens}
                        onChange={(event) => set(at, { opens: event.target.value })}
                      />
                      <span aria-hidden="true">–</span>
                      <TextField
                        label={t("notifications.until", { day: name })}
                        type="time"
                        required
                        aria-invalid={day.opens >= day.closes}
                        value={day.closes}
                        onChange={(event) => set(at, { closes: event.target.value })}
                      />
                    </span>
                  ) : (
                    <span className={parts.hint}>{t("notifications.day_off")}</span>
                  )}
                </li>
              );
            })}
          </ul>
          {wrong ? <p role="alert">{t("notifications.hours_wrong")}</p> : null}
          <div>
            <Button type="submit" look="primary">
              {t("action.save")}
            </Button>
          </div>
        </form>
      )}
    </Card>
  );
}
