import { Phone, PhoneOff, X } from "lucide-react";
import { useEffect, useState } from "react";
import { announce } from "../../core/announcer";
import { cancelCall, dismissCall, isOver, type PlacedCall, placeCall, useCalls } from "../../core/calls";
import { hasKey, t } from "../../core/i18n";
import { Button, IconButton } from "../../ui/Button";
import styles from "./CallCards.module.css";

/** The calls placed here, each with what both phones do right now. */
export function CallCards() {
  const calls = useCalls((store) => store.calls);
  if (calls.length === 0) return null;
  return (
    <section className={styles.cards} data-region="" aria-label={t("nav.calls")}>
      {calls.map((one) => (
        <CallCard key={one.key} placed={one} />
      ))}
    </section>
  );
}

function CallCard({ placed }: { placed: PlacedCall }) {
  const { call, name } = placed;
  const over = call !== null && isOver(call);
  const ending = call?.cancel_requested_at != null && !over;
  const said = call === null ? t("call.placing") : ending ? t("call.ending") : statusText(call.status, name);

  useEffect(() => announce(said), [said]);
  // What went well needs no tidying up; a failure stays until somebody has seen it.
  useEffect(() => {
    if (!over || (call.status !== "completed" && call.status !== "canceled")) return;
    const timer = setTimeout(() => dismissCall(placed.key), 6_000);
    return () => clearTimeout(timer);
  }, [over, call?.status, placed.key]);

  return (
    <article className={styles.card} data-testid="call" data-status={call?.status ?? "placing"}>
      <header>
        <Phone size={17} aria-hidden="true" />
        <h2>
          <bdi>{t("call.calling", { name })}</bdi>
        </h2>
        {over ? (
          <IconButton small label={t("call.dismiss")} onClick={() => dismissCall(placed.key)}>
            <X size={16} aria-hidden="true" />
          </IconButton>
        ) : null}
      </header>
      <p className={styles.said}>
        {said}
        {call?.status === "connected" && call.connected_at ? <Lasting since={call.connected_at} /> : null}
      </p>
      {call !== null ? (
        <dl className={styles.legs}>
          {call.legs.map((leg) => (
            <div key={leg.leg} data-state={leg.state}>
              <dt>
                <bdi>{leg.leg === "a" ? t("call.your_phone") : name}</bdi>
              </dt>
              <dd>{legText(leg.state)}</dd>
            </div>
          ))}
        </dl>
      ) : null}
      {call !== null && !over ? (
        <Button look="danger" disabled={ending} onClick={() => void cancelCall(call)}>
          <PhoneOff size={17} aria-hidden="true" />
          {t(call.status === "connected" ? "call.hang_up" : "call.cancel")}
        </Button>
      ) : null}
      {over && call.status !== "completed" ? (
        <Button
          onClick={() => {
            dismissCall(placed.key);
            void placeCall(placed.to, name);
          }}
        >
          {t("call.again")}
        </Button>
      ) : null}
    </article>
  );
}

function statusText(status: string, name: string): string {
  const key = `call.${status}`;
  return hasKey(key) ? t(key, { name }) : status;
}

function legText(state: string): string {
  const key = `call.leg_${state}`;
  return hasKey(key) ? t(key) : state;
}

/** How long it has been going on, by this browser's clock. */
function Lasting({ since }: { since: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000));
  return <span dir="ltr">{` ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`}</span>;
}
