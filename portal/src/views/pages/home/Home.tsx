import { lazy, Suspense } from "react";
import { t } from "../../../core/i18n";
import { useMe } from "../../../core/session";
import { Loading } from "../../../ui/Empty";
import { PageHead } from "../parts/PageHead";
import { MissedSummary } from "./MissedSummary";
import { Shortcuts } from "./Shortcuts";

const Usage = lazy(() => import("./Usage").then((module) => ({ default: module.Usage })));

/** The first page after log-in: what was missed, and for office managers what is used. */
export function Home() {
  const { me, user } = useMe();
  return (
    <>
      <PageHead title={t("home.welcome", { name: user.display_name })} hint={me.domain?.name} />
      <MissedSummary />
      {me.scope === "basic_user" ? (
        <Shortcuts />
      ) : (
        <Suspense fallback={<Loading label={t("app.loading")} />}>
          <Usage />
        </Suspense>
      )}
    </>
  );
}
