import { useRef, useState } from "react";
import { type Import, importRows, officeChanged } from "../../../core/administration";
import { announce } from "../../../core/announcer";
import { numberText, t } from "../../../core/i18n";
import { explain } from "../../../core/problems";
import { toast } from "../../../core/toasts";
import { Button } from "../../../ui/Button";
import { Dialog } from "../../../ui/Dialog";
import { Alert, Switch, TextField } from "../../../ui/Fields";
import parts from "../parts/Parts.module.css";
import styles from "./Office.module.css";

/** Many users or numbers from a file: looked at first, with the rows that cannot be taken, then done. */
export function ImportDialog({ of, close }: { of: "users" | "numbers"; close: () => void }) {
  const file = useRef<File>(undefined);
  const [found, setFound] = useState<Import>();
  const [skip, setSkip] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  const [busy, setBusy] = useState(false);

  async function read(dryRun: boolean) {
    if (file.current === undefined || busy) return;
    setBusy(true);
    setFailed(undefined);
    try {
      const said = await importRows(of, file.current, dryRun, dryRun || skip);
      setFound(said);
      if (dryRun) {
        announce(t("import.would", counts(said)));
        return;
      }
      await officeChanged("users", "numbers", "devices");
      toast(t("import.done", counts(said)));
      close();
    } catch (error) {
      setFailed(error);
    } finally {
      setBusy(false);
    }
  }

  const flaws = found?.flaws ?? [];
  const usable = found !== undefined && (found.flaw_count === 0 || skip) && found.created + found.updated > 0;
  return (
    <Dialog title={t(`import.${of}`)} close={close} wide>
      <p className={parts.hint}>{t(`import.${of}_hint`)}</p>
      <TextField
        label={t("import.file")}
        type="file"
        accept=".csv,text/csv"
        onChange={(event) => {
          file.current = event.target.files?.[0];
          setFound(undefined);
          void read(true);
        }}
      />
      {failed === undefined ? null : <Alert>{explain(failed)}</Alert>}
      {found ? (
        <>
          <p data-testid="import-found">{t("import.would", counts(found))}</p>
          {found.flaw_count > 0 ? (
            <>
              <Alert>{t("import.flaws", { count: found.flaw_count })}</Alert>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
              <section className={styles.flaws} tabIndex={0} aria-label={t("import.flaws_label")}>
                <table>
                  <thead>
                    <tr>
                      <th scope="col">{t("import.line")}</th>
                      <th scope="col">{t("import.field")}</th>
                      <th scope="col">{t("import.why")}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {flaws.map((one) => (
                      <tr key={`${one.line} ${one.field} ${one.code}`}>
                        <th scope="row">{numberText(one.line)}</th>
                        <td>{one.field}</td>
                        <td>{one.detail}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </section>
              <Switch label={t("import.skip")} checked={skip} change={setSkip} />
            </>
          ) : null}
        </>
      ) : null}
      <footer className={styles.foot}>
        <Button onClick={close}>{t("action.cancel")}</Button>
        <Button look="primary" disabled={!usable} aria-disabled={busy} onClick={() => void read(false)}>
          {t("import.do")}
        </Button>
      </footer>
    </Dialog>
  );
}

const counts = ({ rows, created, updated, unchanged }: Import) => ({ rows, created, updated, unchanged });
