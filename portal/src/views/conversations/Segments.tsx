import type { Schemas } from "../../core/api";
import { t } from "../../core/i18n";
import { codeText } from "../../core/problems";
import styles from "./Composer.module.css";

/** Parts of a text that the composer says without being asked elsewhere. */
const SHOWN_ELSEWHERE = new Set(["opted_out", "text_empty"]);

/** How many texts it becomes, what makes it dear, and what would be refused. */
export function Segments({
  outlook,
  replace,
}: {
  outlook: Schemas["OutlookResource"];
  replace: (text: string) => void;
}) {
  const { text: shape } = outlook;
  const problem = outlook.problems.find((one) => !SHOWN_ELSEWHERE.has(one.code));
  const dear = shape?.forcing[0];
  const shorter = shape?.short_text;
  return (
    <div className={styles.segments} data-testid="segments">
      {shape ? (
        <>
          <span>{t("compose.segments", { count: shape.segments })}</span>
          <span>{t("compose.left", { count: shape.units_left })}</span>
          {dear && shape.segments > 1 ? (
            <span className={styles.dear}>
              {t("compose.dear", {
                character: dear.character,
                name: dear.name.toLowerCase(),
                count: shape.segments,
              })}
            </span>
          ) : null}
          {shorter ? (
            <button type="button" onClick={() => replace(shorter)}>
              {t("compose.shorten", { count: shape.short_segments ?? 1 })}
            </button>
          ) : null}
        </>
      ) : null}
      {problem ? <span className={styles.refused}>{codeText(problem.code, problem.detail)}</span> : null}
    </div>
  );
}
