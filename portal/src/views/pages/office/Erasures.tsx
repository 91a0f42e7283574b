import { Download, FileCheck2, ShieldOff } from "lucide-react";
import { useState } from "react";
import { type Erasure, useErasures } from "../../../core/administration";
import { dateText, numberText, t } from "../../../core/i18n";
import { Button, buttonClass, IconButton } from "../../../ui/Button";
import { Dialog } from "../../../ui/Dialog";
import { Empty } from "../../../ui/Empty";
import { type Column, DataTable } from "../parts/DataTable";
import { Loaded } from "../parts/Loaded";
import parts from "../parts/Parts.module.css";
import { EraseDialog, type Whom } from "./EraseDialog";
import styles from "./Office.module.css";

/** What the engine's tables are to people. One that is not here shows by its own name. */
const KINDS = {
  messages: "messages",
  receipts: "messages",
  inbound_parts: "messages",
  inbound_unrouted: "messages",
  recipients: "recipients",
  conversations: "conversations",
  conversation_members: "conversations",
  timeline_entries: "conversations",
  message_reactions: "conversations",
  calls: "calls",
  call_log: "calls",
  voicemails: "voicemails",
  contacts: "contacts",
  blocked_senders: "blocks",
  consents: "consents",
  consent_entries: "consents",
  users: "user",
  usage_days: "records",
  events: "records",
  audit_log: "records",
  idempotency_keys: "records",
  webhook_deliveries: "records",
} as const;

const kindText = (table: string) =>
  table in KINDS ? t(`erasure.of_${KINDS[table as keyof typeof KINDS]}`) : table;
const total = (counts: Record<string, number>) => Object.values(counts).reduce((sum, one) => sum + one, 0);
const when = (one: Erasure) => dateText(one.finished_at, { dateStyle: "medium", timeStyle: "short" });

/** What is left, by table: a row that names the person in several columns is one. */
function leftOf(left: Record<string, number>): { table: string; columns: string[]; count: number }[] {
  const found = new Map<string, { columns: string[]; count: number }>();
  for (const [at, count] of Object.entries(left)) {
    const table = at.split(".")[0] ?? at;
    const before = found.get(table);
    found.set(table, {
      columns: [...(before?.columns ?? []), at],
      count: Math.max(count, before?.count ?? 0),
    });
  }
  return [...found].map(([table, one]) => ({ table, ...one }));
}

/** Rows by what they are, most first. */
function summed(counts: Record<string, number>): [string, number][] {
  const sums = new Map<string, number>();
  for (const [table, count] of Object.entries(counts)) {
    const kind = kindText(table);
    sums.set(kind, (sums.get(kind) ?? 0) + count);
  }
  return [...sums].sort((a, b) => b[1] - a[1]);
}

/** Erasing people for good, and the proof that it was done. */
export function Erasures() {
  const { query, rows, more } = useErasures();
  const [whom, setWhom] = useState<Whom>();
  const [shown, setShown] = useState<Erasure>();
  return (
    <>
      <div className={parts.filters}>
        <p className={`${parts.hint} ${styles.intro}`}>{t("erasure.hint")}</p>
        <span className={parts.row}>
          <Button onClick={() => setWhom("user")}>{t("erasure.user")}</Button>
          <Button onClick={() => setWhom("number")}>{t("erasure.number")}</Button>
        </span>
      </div>
      <Loaded query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty icon={<ShieldOff size={24} />} title={t("erasure.none")}>
              <p>{t("erasure.none_hint")}</p>
            </Empty>
          ) : (
            <DataTable
              label={t("erasure.earlier")}
              rows={rows}
              keyOf={(one) => one.id}
              columns={columns(setShown)}
              more={more}
            />
          )
        }
      </Loaded>
      {whom ? <EraseDialog whom={whom} close={() => setWhom(undefined)} done={setShown} /> : null}
      {shown ? <Report erasure={shown} close={() => setShown(undefined)} /> : null}
    </>
  );
}

function Left({ of }: { of: Erasure }) {
  const count = leftOf(of.left).reduce((sum, one) => sum + one.count, 0);
  return (
    <span className={parts.pill} data-look={count === 0 ? "good" : "bad"}>
      {t("erasure.left_count", { count })}
    </span>
  );
}

function columns(show: (one: Erasure) => void): Column<Erasure>[] {
  return [
    { id: "when", title: t("erasure.when"), width: "minmax(9rem, 1fr)", cell: when },
    {
      id: "whom",
      title: t("erasure.whom"),
      width: "minmax(8rem, 1fr)",
      cell: (one) => t(`erasure.kind_${one.kind}`),
    },
    { id: "left", title: t("erasure.left"), width: "minmax(7rem, 0.8fr)", cell: (one) => <Left of={one} /> },
    {
      id: "removed",
      title: t("erasure.removed"),
      width: "6.5rem",
      end: true,
      cell: (one) => numberText(total(one.removed)),
    },
    {
      id: "actions",
      title: t("page.actions"),
      width: "3rem",
      end: true,
      card: "bare",
      cell: (one) => (
        <IconButton small label={t("erasure.show", { when: when(one) })} onClick={() => show(one)}>
          <FileCheck2 size={18} aria-hidden="true" />
        </IconButton>
      ),
    },
  ];
}

/** What went, what is left and why, and how to prove it. */
export function Report({ erasure, close }: { erasure: Erasure; close: () => void }) {
  const left = leftOf(erasure.left);
  const atPbx = left.some((one) => one.table === "voicemails");
  return (
    <Dialog title={t("erasure.report")} close={close}>
      <p className={parts.hint}>
        {t("erasure.report_of", { kind: t(`erasure.kind_${erasure.kind}`), when: when(erasure) })}
      </p>
      <section className={styles.report} aria-label={t("erasure.removed")}>
        <h3>{t("erasure.removed")}</h3>
        {total(erasure.removed) === 0 ? (
          <p>{t("erasure.nothing")}</p>
        ) : (
          <dl className={styles.counts}>
            {summed(erasure.removed).map(([kind, count]) => (
              <div key={kind}>
                <dt>{kind}</dt>
                <dd>{numberText(count)}</dd>
              </div>
            ))}
          </dl>
        )}
      </section>
      <section className={styles.report} aria-label={t("erasure.left")}>
        <h3>{t("erasure.left")}</h3>
        {left.length === 0 ? (
          <p>
            <span className={parts.pill} data-look="good">
              {t("erasure.left_count", { count: 0 })}
            </span>{" "}
            {t("erasure.left_none")}
          </p>
        ) : (
          <>
            <dl className={styles.counts}>
              {left.map(({ table, columns, count }) => (
                <div key={table}>
                  <dt>
                    {kindText(table)} <code className={styles.mono}>{columns.join(", ")}</code>
                  </dt>
                  <dd>{numberText(count)}</dd>
                </div>
              ))}
            </dl>
            <p>{t(atPbx ? "erasure.left_pbx" : "erasure.left_again")}</p>
          </>
        )}
        {erasure.rewritten === false ? <p>{t("erasure.not_rewritten")}</p> : null}
        <p className={parts.hint}>{t("erasure.beyond")}</p>
      </section>
      <section className={styles.report} aria-label={t("erasure.proof")}>
        <h3>{t("erasure.proof")}</h3>
        <p className={parts.hint}>{t("erasure.proof_hint")}</p>
        <dl className={styles.hashes}>
          <dt>{t("erasure.report_hash")}</dt>
          <dd className={styles.mono} dir="ltr">
            {erasure.report_hash}
          </dd>
          <dt>{t("erasure.subject_hash")}</dt>
          <dd className={styles.mono} dir="ltr">
            {erasure.subject_hash}
          </dd>
        </dl>
      </section>
      <footer className={styles.foot}>
        <a className={buttonClass()} href={`/v1/erasures/${erasure.id}`} download={`${erasure.id}.json`}>
          <Download size={17} aria-hidden="true" />
          {t("erasure.download")}
        </a>
        <Button look="primary" onClick={close}>
          {t("page.done")}
        </Button>
      </footer>
    </Dialog>
  );
}
