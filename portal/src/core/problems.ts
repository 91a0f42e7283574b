/** Refusals and failures as sentences for a person. */
import { ApiProblem, Unreachable } from "./api";
import { hasKey, t } from "./i18n";

/** What to show; the engine's own sentence where the catalogue has none for the code. */
export function explain(error: unknown): string {
  if (error instanceof Unreachable) return t("problem.unreachable");
  if (error instanceof ApiProblem) {
    if (error.code === "rate_limited" && error.retryAfterS !== undefined) {
      return t("problem.rate_limited_for", { seconds: Math.ceil(error.retryAfterS) });
    }
    return codeText(error.code, error.message);
  }
  return t("problem.internal");
}

/** The sentence for a code. */
export function codeText(code: string, fallback: string): string {
  const key = `problem.${code}`;
  return hasKey(key) ? t(key) : fallback;
}
