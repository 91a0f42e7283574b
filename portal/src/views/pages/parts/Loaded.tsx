import type { ReactNode } from "react";
import { t } from "../../../core/i18n";
import { explain } from "../../../core/problems";
import { Button } from "../../../ui/Button";
import { Empty, Loading } from "../../../ui/Empty";

type Query = { isPending: boolean; isError: boolean; error: unknown; data?: unknown; refetch: () => unknown };

/** What a query has to say: that it is being read, that it failed and how to try again, or its content. */
export function Loaded({ query, children }: { query: Query; children: () => ReactNode }) {
  if (query.data !== undefined) return children();
  if (query.isError) {
    return (
      <Empty title={t("page.failed")}>
        <p>{explain(query.error)}</p>
        <Button onClick={() => void query.refetch()}>{t("action.retry")}</Button>
      </Empty>
    );
  }
  return <Loading label={t("app.loading")} />;
}
