import { MessageSquare, Phone, PhoneIncoming, PhoneMissed, PhoneOutgoing } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import {
  type CallFilter,
  dialOf,
  type LoggedCall,
  seenCalls,
  talkS,
  useCallLog,
  useLiveCalls,
} from "../../../core/call-log";
import { placeCall, useCalls } from "../../../core/calls";
import { clockLength } from "../../../core/durations";
import { clockText, dayText, hasKey, t } from "../../../core/i18n";
import { missedChanged } from "../../../core/missed";
import { numberShown } from "../../../core/naming";
import { writeTo } from "../../../core/opening";
import { usePresences } from "../../../core/people";
import { somebody } from "../../../core/reaching";
import { useMe } from "../../../core/session";
import { Avatar } from "../../../ui/Avatar";
import { Button, IconButton } from "../../../ui/Button";
import { Empty } from "../../../ui/Empty";
import { Select } from "../../../ui/Fields";
import messages from "../messages/Messages.module.css";
import { type Column, DataTable } from "../parts/DataTable";
import { Loaded } from "../parts/Loaded";
import { Card, PageHead } from "../parts/PageHead";
import parts from "../parts/Parts.module.css";
import styles from "./Calls.module.css";

type Show = "all" | "inbound" | "outbound" | "missed";
const FILTERS: Record<Show, CallFilter> = {
  all: {},
  inbound: { direction: "inbound" },
  outbound: { direction: "outbound" },
  missed: { missed: true },
};

/** Calls that are going on, and those that were. */
export function Calls() {
  const { user } = useMe();
  const [show, setShow] = useState<Show>("all");
  const { query, rows, more } = useCallLog(user.id, FILTERS[show]);
  const users = usePresences((store) => store.users);
  const unseen = useRef(new Set<string>());
  for (const one of rows) if (one.missed && !one.seen) unseen.current.add(one.id);
  const anyUnseen = rows.some((one) => one.missed && !one.seen);

  // Whoever looks at them has seen them; they stay bold until the page is left.
  useEffect(() => {
    if (!anyUnseen || document.visibilityState !== "visible") return;
    void seenCalls().then(missedChanged, () => undefined);
  }, [anyUnseen]);

  return (
    <>
      <PageHead title={t("nav.calls")} />
      <Live />
      <div className={parts.filters}>
        <Select
          inline
          label={t("messages.show")}
          value={show}
          options={{
            all: t("calls.all"),
            inbound: t("calls.inbound"),
            outbound: t("calls.outbound"),
            missed: t("calls.missed"),
          }}
          choose={(value) => setShow(value as Show)}
        />
      </div>
      <Loaded query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty icon={<Phone size={24} />} title={t("calls.none")}>
              <p>{t(show === "all" ? "calls.none_hint" : "calls.none_filtered")}</p>
            </Empty>
          ) : (
            <DataTable
              label={t("calls.log")}
              columns={columns((one) => dialOf(one, users))}
              rows={rows}
              keyOf={(one) => one.id}
              bold={(one) => unseen.current.has(one.id)}
              more={more}
            />
          )
        }
      </Loaded>
    </>
  );
}

const nameOf = (one: LoggedCall): string => one.peer_name || numberShown(one.peer) || t("calls.hidden");

function columns(dial: (one: LoggedCall) => string): Column<LoggedCall>[] {
  return [
    {
      id: "who",
      title: t("messages.who"),
      width: "minmax(9rem, 1.3fr)",
      cell: (one) => (
        <span className={messages.who}>
          <Avatar name={nameOf(one)} id={one.peer_user_id ?? one.peer} size={32} />
          <span className={messages.caller}>
            <span dir="auto">{nameOf(one)}</span>
            {one.peer_name ? (
              <span className={messages.detail}>
                <bdi>{numberShown(dial(one))}</bdi>
              </span>
            ) : null}
          </span>
        </span>
      ),
    },
    {
      id: "result",
      title: t("calls.result"),
      width: "minmax(8rem, 1fr)",
      card: "bare",
      cell: (one) => <Result one={one} />,
    },
    {
      id: "when",
      title: t("messages.time"),
      width: "minmax(8rem, 0.9fr)",
      cell: (one) => (
        <time dateTime={one.started_at}>
          {t("calls.when", { day: dayText(one.started_at), time: clockText(one.started_at) })}
        </time>
      ),
    },
    {
      id: "length",
      title: t("calls.length"),
      width: "4.5rem",
      end: true,
      cell: (one) => {
        const seconds = talkS(one);
        return seconds === null ? "–" : clockLength(seconds);
      },
    },
    {
      id: "actions",
      title: t("page.actions"),
      width: "5rem",
      end: true,
      card: "bare",
      cell: (one) =>
        dial(one) === "" ? null : (
          <span className={messages.actions}>
            <IconButton
              small
              label={t("calls.call_back", { name: nameOf(one) })}
              onClick={() => void placeCall(dial(one), nameOf(one))}
            >
              <Phone size={18} aria-hidden="true" />
            </IconButton>
            <IconButton
              small
              label={t("calls.write", { name: nameOf(one) })}
              onClick={() => void writeTo(somebody(nameOf(one), dial(one), one.peer_user_id))}
            >
              <MessageSquare size={18} aria-hidden="true" />
            </IconButton>
          </span>
        ),
    },
  ];
}

function Result({ one }: { one: LoggedCall }) {
  const key = `result.${one.result}`;
  const words = hasKey(key) ? t(key) : one.result;
  const Icon = one.direction === "outbound" ? PhoneOutgoing : one.missed ? PhoneMissed : PhoneIncoming;
  return (
    <span className={styles.result} data-missed={one.missed ? "" : undefined}>
      <Icon size={16} aria-hidden="true" />
      {t(one.direction === "outbound" ? "calls.out_result" : "calls.in_result", { result: words })}
    </span>
  );
}

/** What one's phones do right now, as the phone system sees it. */
function Live() {
  const placed = useCalls((store) => store.calls);
  const live = useLiveCalls().data ?? [];
  const users = usePresences((store) => store.users);
  const [now, setNow] = useState(Date.now);
  const going = live.length > 0;
  useEffect(() => {
    if (!going) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [going]);
  if (!going) return null;
  return (
    <Card title={t("calls.live")}>
      <ul className={styles.live}>
        {live.map((one) => {
          const name = one.peer_name || numberShown(one.peer) || t("calls.hidden");
          const ours = placed.find((each) => each.to === dialOf(one, users))?.call;
          return (
            <li key={one.id}>
              <Avatar name={name} id={one.peer_user_id ?? one.peer} />
              <span className={messages.caller}>
                <strong dir="auto">{name}</strong>
                <span className={messages.detail}>
                  {t(`calls.live_${one.state}`)}
                  {one.state === "talking" && one.since ? (
                    <span aria-hidden="true"> · {clockLength((now - Date.parse(one.since)) / 1000)}</span>
                  ) : null}
                </span>
              </span>
              {ours ? null : (
                <Button
                  look="quiet"
                  onClick={() => void writeTo(somebody(name, dialOf(one, users), one.peer_user_id))}
                >
                  {t("calls.write_short")}
                </Button>
              )}
            </li>
          );
        })}
      </ul>
    </Card>
  );
}
