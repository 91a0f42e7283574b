import { Eye, EyeOff } from "lucide-react";
import { type FormEvent, useId, useRef, useState } from "react";
import { ApiProblem } from "../../core/api";
import { t } from "../../core/i18n";
import { explain } from "../../core/problems";
import { logIn } from "../../core/session";
import { Button, IconButton } from "../../ui/Button";
import styles from "./LogIn.module.css";

/** The log-in page. A temporary password asks for the one that replaces it, in the same form. */
export function LogIn({ ended }: { ended: boolean }) {
  const id = useId();
  const [problem, setProblem] = useState<string>();
  const [choosing, setChoosing] = useState(false);
  const [working, setWorking] = useState(false);
  const [shown, setShown] = useState(false);
  const alertRef = useRef<HTMLParagraphElement>(null);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const name = String(given.get("name") ?? "").trim();
    const password = String(given.get("password") ?? "");
    const next = String(given.get("new-password") ?? "");
    if (!name || !password) {
      refuse(name ? t("login.password_missing") : t("login.name_missing"));
      return;
    }
    setWorking(true);
    setProblem(undefined);
    try {
      await logIn(name, password, choosing ? next : undefined);
    } catch (error) {
      if (error instanceof ApiProblem && error.code === "password_change_required") setChoosing(true);
      refuse(explain(error));
    } finally {
      setWorking(false);
    }
  }

  function refuse(text: string) {
    setProblem(text);
    requestAnimationFrame(() => alertRef.current?.focus());
  }

  const type = shown ? "text" : "password";
  return (
    <main className={styles.page}>
      <form className={styles.card} onSubmit={submit} noValidate>
        <img className={styles.logo} src="/icon.svg" alt="" width={48} height={48} />
        <h1>{t("login.title")}</h1>
        <p className={styles.intro}>{ended ? t("login.ended") : t("login.intro")}</p>
        {problem ? (
          <p className={styles.problem} role="alert" tabIndex={-1} ref={alertRef}>
            {problem}
          </p>
        ) : null}
        <label htmlFor={`${id}n`}>{t("login.name")}</label>
        <input
          id={`${id}n`}
          name="name"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={200}
          dir="ltr"
          aria-describedby={`${id}h`}
          // biome-ignore lint/a11y/noAutofocus: the page has nothing else to do
          autoFocus
        />
        <p id={`${id}h`} className={styles.hint}>
          {t("login.name_hint")}
        </p>
        <label htmlFor={`${id}p`}>{t("login.password")}</label>
        <div className={styles.secret}>
          <input
            id={`${id}p`}
            name="password"
            type={type}
            autoComplete="current-password"
            maxLength={256}
            dir="ltr"
          />
          <IconButton
            small
            label={shown ? t("login.hide_password") : t("login.show_password")}
            onClick={() => setShown(!shown)}
          >
            {shown ? <EyeOff size={18} /> : <Eye size={18} />}
          </IconButton>
        </div>
        {choosing ? (
          <>
            <label htmlFor={`${id}w`}>{t("login.new_password")}</label>
            <input
              id={`${id}w`}
              name="new-password"
              type={type}
              autoComplete="new-password"
              maxLength={256}
              dir="ltr"
              aria-describedby={`${id}x`}
            />
            <p id={`${id}x`} className={styles.hint}>
              {t("login.new_password_hint")}
            </p>
          </>
        ) : null}
        <Button type="submit" look="primary" disabled={working} className={styles.submit}>
          {working ? t("login.working") : t("login.submit")}
        </Button>
      </form>
    </main>
  );
}
