import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { type Delivery, deliveryError, officeChanged, type Webhook } from "../../../core/administration";
import { api, ok } from "../../../core/api";
import { attempt } from "../../../core/attempt";
import { dateText, t } from "../../../core/i18n";
import { usePages } from "../../../core/pages";
import { Button, IconButton } from "../../../ui/Button";
import { Dialog } from "../../../ui/Dialog";
import { Empty } from "../../../ui/Empty";
import { Select } from "../../../ui/Fields";
import { Loaded } from "../parts/Loaded";
import parts from "../parts/Parts.module.css";
import styles from "./Office.module.css";

type State = Delivery["state"];
const LOOKS: Record<State, string | undefined> = { delivered: "good", waiting: "warn", dead: "bad" };

/** What was sent to a webhook, how often it was tried, and a way to send it again. */
export function Deliveries({ webhook, close }: { webhook: Webhook; close: () => void }) {
  const [state, setState] = useState<State | "all">("all");
  const { query, rows, more } = usePages<Delivery>(
    ["office", "webhooks", webhook.id, state],
    (page, signal) =>
      ok(
        api.GET("/v1/webhooks/{webhook_id}/deliveries", {
          params: {
            path: { webhook_id: webhook.id },
            query: { ...page, ...(state === "all" ? {} : { state }) },
          },
          signal,
        }),
      ),
    { moving: (one) => one.state === "waiting" },
  );
  const replay = (one: Delivery) =>
    attempt(
      ok(
        api.POST("/v1/webhooks/{webhook_id}/deliveries/{delivery_id}:replay", {
          params: { path: { webhook_id: webhook.id, delivery_id: one.id } },
        }),
      ).then(() => officeChanged("webhooks")),
      t("deliveries.replayed"),
    );

  return (
    <Dialog title={t("webhooks.deliveries")} close={close} wide>
      <p className={parts.hint}>
        <bdi>{webhook.url}</bdi>
      </p>
      <Select
        inline
        label={t("messages.show")}
        value={state}
        options={{
          all: t("messages.show_all"),
          waiting: t("deliveries.waiting"),
          delivered: t("deliveries.delivered"),
          dead: t("deliveries.dead"),
        }}
        choose={(value) => setState(value as State | "all")}
      />
      <Loaded query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty title={t("deliveries.none")}>{null}</Empty>
          ) : (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
            <section className={styles.flaws} tabIndex={0} aria-label={t("webhooks.deliveries")}>
              <table>
                <thead>
                  <tr>
                    <th scope="col">{t("deliveries.event")}</th>
                    <th scope="col">{t("messages.time")}</th>
                    <th scope="col">{t("users.state")}</th>
                    <th scope="col">{t("deliveries.tries")}</th>
                    <th scope="col">{t("page.actions")}</th>
                  </tr>
                </thead>
                <tbody>
                  {rows.map((one) => (
                    <tr key={one.id}>
                      <th scope="row" className={styles.mono}>
                        {one.type} #{one.seq}
                      </th>
                      <td>{dateText(one.at, { dateStyle: "short", timeStyle: "medium" })}</td>
                      <td>
                        <span className={parts.pill} data-look={LOOKS[one.state]}>
                          {t(`deliveries.${one.state}`)}
                        </span>{" "}
                        {one.error ? deliveryError(one) : (one.status ?? "")}
                      </td>
                      <td>{one.attempts}</td>
                      <td>
                        {one.state === "waiting" ? null : (
                          <IconButton
                            small
                            label={t("deliveries.replay", { event: `${one.type} #${one.seq}` })}
                            onClick={() => void replay(one)}
                          >
                            <RotateCcw size={17} aria-hidden="true" />
                          </IconButton>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </section>
          )
        }
      </Loaded>
      {more ? <Button onClick={more}>{t("deliveries.more")}</Button> : null}
    </Dialog>
  );
}
