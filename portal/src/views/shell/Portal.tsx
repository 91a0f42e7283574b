import { lazy, Suspense, useEffect } from "react";
import { t, useLanguage } from "../../core/i18n";
import { resume, useSession } from "../../core/session";
import { Announcer } from "../../ui/Announcer";
import { Boundary } from "../../ui/Boundary";
import { Button } from "../../ui/Button";
import { Empty, Loading } from "../../ui/Empty";
import { Shell } from "./Shell";

const LogIn = lazy(() => import("../login/LogIn").then((module) => ({ default: module.LogIn })));

/** Everything: the log-in page, or the shell for who is logged in, in the language chosen. */
export function Portal() {
  const session = useSession((store) => store.session);
  const language = useLanguage((store) => store.language);
  const unreachable = session.state === "unreachable";

  useEffect(() => {
    if (!unreachable) return;
    const timer = setInterval(() => void resume(), 5_000);
    return () => clearInterval(timer);
  }, [unreachable]);

  useEffect(() => {
    document.title = t("app.name");
  }, []);

  return (
    <Suspense key={language} fallback={<Loading label={t("app.loading")} />}>
      {session.state === "in" ? (
        <Shell key={session.user.id} />
      ) : session.state === "out" ? (
        <Boundary>
          <LogIn ended={session.ended} />
        </Boundary>
      ) : unreachable ? (
        <main>
          <Empty title={t("app.unreachable")}>
            <p>{t("app.unreachable_hint")}</p>
            <Button onClick={() => void resume()}>{t("app.retry")}</Button>
          </Empty>
        </main>
      ) : (
        <Loading label={t("app.loading")} />
      )}
      <Announcer />
    </Suspense>
  );
}
