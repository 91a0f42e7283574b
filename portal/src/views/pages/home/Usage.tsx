import { Download } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { clockLength } from "../../../core/durations";
import { clockText, dateText, hasKey, numberText, t, useLanguage } from "../../../core/i18n";
import { numberShown } from "../../../core/naming";
import { usePresences } from "../../../core/people";
import {
  dayAfter,
  everyDay,
  FIGURES,
  GROUPS,
  type Group,
  type Of,
  PLOTTED,
  type Row,
  type Summary,
  today,
  totalCosts,
  useSummary,
  useUsage,
} from "../../../core/usage";
import { buttonClass } from "../../../ui/Button";
import { Empty, Loading } from "../../../ui/Empty";
import { Select } from "../../../ui/Fields";
import { Loaded } from "../parts/Loaded";
import { Card } from "../parts/PageHead";
import parts from "../parts/Parts.module.css";
import { Tabs } from "../parts/Tabs";
import styles from "./Home.module.css";

const Plot = lazy(() => import("./Plot").then((module) => ({ default: module.Plot })));
const EXPORTED = { texts: "text", calls: "call", chats: "chat" } as const;

/** What the office uses. Of SMS only where SMS is enabled and somebody may text. */
export function Usage() {
  const summary = useSummary();
  return (
    <Loaded query={summary}>
      {() => {
        if (summary.data === undefined) return null;
        const one = summary.data;
        const tabs: { id: Of; label: string }[] = [
          ...(one.shown ? [{ id: "texts" as const, label: t("usage.texts") }] : []),
          { id: "calls", label: t("usage.calls") },
          { id: "chats", label: t("usage.chats") },
        ];
        return (
          <Card
            title={t("usage.title")}
            hint={t("usage.counted", { time: clockText(one.counted_at), zone: one.time_zone })}
          >
            <Tabs
              label={t("usage.title")}
              tabs={tabs.map((tab) => ({
                ...tab,
                panel: () => <Kind key={tab.id} of={tab.id} summary={one} />,
              }))}
            />
          </Card>
        );
      }}
    </Loaded>
  );
}

function Kind({ of, summary }: { of: Of; summary: Summary }) {
  const [days, setDays] = useState(30);
  const [group, setGroup] = useState<Group>("day");
  const until = today(summary.time_zone);
  const from = dayAfter(until, 1 - days);
  const byDay = useUsage(of, from, until, "day");
  const grouped = useUsage(of, from, until, group);
  const periods = [summary.today, summary.last_7_days, summary.last_30_days] as const;
  const names = ["usage.today", "usage.last_7", "usage.last_30"] as const;

  return (
    <div className={parts.stack}>
      <ul className={styles.tiles}>
        {periods.map((one, at) => (
          <li key={names[at]}>
            <span>{t(names[at] ?? "usage.today")}</span>
            <strong>{numberText(main(of, one))}</strong>
            <span>{detail(of, one)}</span>
          </li>
        ))}
      </ul>
      <div className={parts.filters}>
        <Select
          inline
          label={t("usage.period")}
          value={String(days)}
          options={{
            7: t("usage.days", { count: 7 }),
            30: t("usage.days", { count: 30 }),
            90: t("usage.days", { count: 90 }),
          }}
          choose={(value) => setDays(Number(value))}
        />
        <Select
          inline
          label={t("usage.table_by")}
          value={group}
          options={Object.fromEntries(GROUPS[of].map((one) => [one, t(`usage.by_${one}`)]))}
          choose={(value) => setGroup(value as Group)}
        />
        <a
          className={buttonClass()}
          href={`/v1/usage:export?of=${EXPORTED[of]}&from=${from}&until=${until}&group_by=${group}`}
          download
        >
          <Download size={17} aria-hidden="true" />
          {t("usage.csv")}
        </a>
      </div>
      <Loaded query={byDay}>
        {() => {
          const rows = everyDay(byDay.data ?? [], from, until, FIGURES[of].length);
          const fields = FIGURES[of] as readonly string[];
          return (
            <Suspense fallback={<Loading label={t("app.loading")} />}>
              <Plot
                label={t("usage.plot", {
                  what: t(`usage.${of}`),
                  from: dayName(from),
                  until: dayName(until),
                })}
                days={rows.map((one) => one.group ?? "")}
                series={PLOTTED[of].map((name) => ({
                  name: t(`usage.${name}`),
                  values: rows.map((one) => one.figures[fields.indexOf(name)] ?? 0),
                  line: name === "failed",
                }))}
              />
            </Suspense>
          );
        }}
      </Loaded>
      <Loaded query={grouped}>
        {() => {
          const found = grouped.data ?? [];
          const rows =
            group === "day" ? [...everyDay(found, from, until, FIGURES[of].length)].reverse() : found;
          return rows.length === 0 ? (
            <Empty title={t("usage.nothing")}>{null}</Empty>
          ) : (
            <Table of={of} group={group} rows={rows} />
          );
        }}
      </Loaded>
    </div>
  );
}

const dayName = (day: string) => dateText(`${day}T12:00:00`, { dateStyle: "medium" });

function main(of: Of, one: Summary["today"]): number {
  if (of === "texts") return one.texts.sent + one.texts.received;
  return of === "calls" ? one.calls.calls : one.chats.messages;
}

function detail(of: Of, one: Summary["today"]): string {
  if (of === "texts")
    return t("usage.texts_detail", {
      sent: one.texts.sent,
      received: one.texts.received,
      failed: one.texts.failed,
    });
  if (of === "calls")
    return t("usage.calls_detail", { answered: one.calls.answered, missed: one.calls.missed });
  return t("usage.chats_detail", { count: one.chats.messages });
}

/** The figures of the plot, and of other groups, for those who do not see plots or want them exact. */
function Table({ of, group, rows }: { of: Of; group: Group; rows: Row[] }) {
  const users = usePresences((store) => store.users);
  const language = useLanguage((store) => store.language);
  const priced = rows.some((one) => one.costs.length > 0);
  const money = (costs: Row["costs"]) =>
    costs
      .map(({ currency, micros }) =>
        new Intl.NumberFormat(language, { style: "currency", currency }).format(micros / 1_000_000),
      )
      .join(", ") || "–";
  const shown = (row: Row): string => {
    if (row.group === null || row.group === "")
      return t(group === "failure_class" ? "usage.no_failure" : "usage.nobody");
    if (group === "day") return dayName(row.group);
    if (group === "user") return users.get(row.group)?.display_name ?? t("usage.former_user");
    if (group === "number") return numberShown(row.group);
    const key = `usage.${group}_${row.group}`;
    const result = `result.${row.group}`;
    return hasKey(key) ? t(key) : hasKey(result) ? t(result) : row.group;
  };
  const figure = (name: string, value: number) =>
    name === "talk_s" ? clockLength(value) : numberText(value);
  const fields = FIGURES[of] as readonly (typeof FIGURES)[Of][number][];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section className={styles.tableFrame} tabIndex={0} aria-label={t("usage.table")}>
      <table className={styles.table}>
        <caption className="listened">
          {t("usage.table_of", { what: t(`usage.${of}`), group: t(`usage.by_${group}`) })}
        </caption>
        <thead>
          <tr>
            <th scope="col">{t(`usage.by_${group}`)}</th>
            {fields.map((one) => (
              <th key={one} scope="col">
                {t(`usage.${one}`)}
              </th>
            ))}
            {priced ? <th scope="col">{t("usage.cost")}</th> : null}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.group ?? ""}>
              <th scope="row" dir="auto">
                {shown(row)}
              </th>
              {row.figures.map((value, at) => (
                <td key={fields[at]}>{figure(fields[at] ?? "", value)}</td>
              ))}
              {priced ? <td>{money(row.costs)}</td> : null}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{t("usage.total")}</th>
            {fields.map((name, at) => (
              <td key={name}>
                {figure(
                  name,
                  rows.reduce((sum, row) => sum + (row.figures[at] ?? 0), 0),
                )}
              </td>
            ))}
            {priced ? <td>{money(totalCosts(rows))}</td> : null}
          </tr>
        </tfoot>
      </table>
    </section>
  );
}
