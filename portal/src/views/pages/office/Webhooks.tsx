import { Menu } from "@base-ui/react/menu";
import { Ellipsis, Plus, Webhook as WebhookIcon } from "lucide-react";
import { useState } from "react";
import { deliveryError, officeChanged, once, useWebhooks, type Webhook } from "../../../core/administration";
import { api, ok, type Schemas } from "../../../core/api";
import { attempt } from "../../../core/attempt";
import type { EventType } from "../../../core/event-types";
import { dateText, numberText, t } from "../../../core/i18n";
import { toast } from "../../../core/toasts";
import { Button, iconButtonClass } from "../../../ui/Button";
import { Confirm, FormDialog, SecretDialog } from "../../../ui/Dialog";
import { Empty } from "../../../ui/Empty";
import { Switch, TextField } from "../../../ui/Fields";
import menu from "../../../ui/Menu.module.css";
import messages from "../messages/Messages.module.css";
import { type Column, DataTable } from "../parts/DataTable";
import { Loaded } from "../parts/Loaded";
import { MenuPopup } from "../parts/MenuPopup";
import parts from "../parts/Parts.module.css";
import { Deliveries } from "./Deliveries";
import { EventTypes } from "./EventTypes";
import styles from "./Office.module.css";

type Doing = { what: "edit" | "delete" | "rotate" | "deliveries"; webhook: Webhook } | { what: "add" };
/** How long an old secret is good beside a new one, in s. */
const OVERLAP_S = 24 * 3600;

/** Other systems that are told of what happens. */
export function Webhooks() {
  const query = useWebhooks();
  const [doing, setDoing] = useState<Doing>();
  const [secret, setSecret] = useState<string>();
  const rows = query.data ?? [];
  const close = () => setDoing(undefined);

  return (
    <>
      <div className={parts.filters}>
        <p className={parts.hint}>{t("webhooks.hint")}</p>
        <Button look="primary" onClick={() => setDoing({ what: "add" })}>
          <Plus size={17} aria-hidden="true" />
          {t("webhooks.add")}
        </Button>
      </div>
      <Loaded query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty icon={<WebhookIcon size={24} />} title={t("webhooks.none")}>
              {null}
            </Empty>
          ) : (
            <DataTable
              label={t("office.webhooks")}
              rows={rows}
              keyOf={(one) => one.id}
              columns={columns(setDoing)}
            />
          )
        }
      </Loaded>
      {doing?.what === "add" ? <Edit close={close} made={setSecret} /> : null}
      {doing?.what === "edit" ? <Edit webhook={doing.webhook} close={close} made={setSecret} /> : null}
      {doing?.what === "deliveries" ? <Deliveries webhook={doing.webhook} close={close} /> : null}
      {doing?.what === "rotate" ? (
        <Confirm
          title={t("webhooks.rotate_title")}
          action={t("webhooks.rotate")}
          close={close}
          run={async () => {
            const params = { path: { webhook_id: doing.webhook.id } };
            const body = { overlap_s: OVERLAP_S };
            const issued = await ok(
              api.POST("/v1/webhooks/{webhook_id}:rotate-secret", { params, body, headers: once() }),
            );
            await officeChanged("webhooks");
            if (issued.secret) setSecret(issued.secret);
          }}
        >
          <p>{t("webhooks.rotate_hint")}</p>
        </Confirm>
      ) : null}
      {doing?.what === "delete" ? (
        <Confirm
          title={t("webhooks.delete_title")}
          action={t("webhooks.delete")}
          close={close}
          run={async () => {
            await ok(
              api.DELETE("/v1/webhooks/{webhook_id}", { params: { path: { webhook_id: doing.webhook.id } } }),
            );
            await officeChanged("webhooks");
          }}
        >
          <p>
            <bdi>{doing.webhook.url}</bdi>
          </p>
          <p>{t("webhooks.delete_hint")}</p>
        </Confirm>
      ) : null}
      {secret ? (
        <SecretDialog
          title={t("webhooks.secret")}
          hint={t("webhooks.secret_hint")}
          secret={secret}
          close={() => setSecret(undefined)}
        />
      ) : null}
    </>
  );
}

function stateOf(one: Webhook): { text: string; look: string | undefined } {
  if (!one.enabled) {
    const why = one.disabled_because ?? "asked";
    return { text: t(`webhooks.off_${why}`), look: why === "asked" ? undefined : "bad" };
  }
  if (one.failing_since) {
    return {
      text: t("webhooks.failing", {
        since: dateText(one.failing_since, { dateStyle: "short", timeStyle: "short" }),
      }),
      look: "warn",
    };
  }
  return { text: t("webhooks.working"), look: "good" };
}

function columns(act: (doing: Doing) => void): Column<Webhook>[] {
  return [
    {
      id: "url",
      title: t("webhooks.address"),
      width: "minmax(10rem, 2fr)",
      cell: (one) => (
        <span className={styles.url}>
          <span dir="ltr">{one.url}</span>
          <span className={messages.detail} dir="auto">
            {one.description || one.event_types.join(", ") || t("webhooks.all_events")}
          </span>
        </span>
      ),
    },
    {
      id: "state",
      title: t("users.state"),
      width: "minmax(7rem, 1fr)",
      cell: (one) => {
        const { text, look } = stateOf(one);
        return (
          <span className={parts.pill} data-look={look}>
            {text}
          </span>
        );
      },
    },
    {
      id: "waiting",
      title: t("webhooks.waiting"),
      width: "5.5rem",
      end: true,
      cell: (one) => numberText(one.waiting + one.behind),
    },
    {
      id: "dead",
      title: t("webhooks.dead"),
      width: "5.5rem",
      end: true,
      cell: (one) => numberText(one.dead),
    },
    {
      id: "actions",
      title: t("page.actions"),
      width: "3rem",
      end: true,
      card: "bare",
      cell: (one) => <Actions webhook={one} act={act} />,
    },
  ];
}

/** Send everything again that was given up; a request takes so many, and says where to go on. */
async function replayDead(webhook: Webhook): Promise<void> {
  const params = { path: { webhook_id: webhook.id } };
  let from_seq: number | null = 1;
  let count = 0;
  while (from_seq !== null) {
    const body = { only: "dead" as const, from_seq };
    const done: Schemas["ReplayResult"] = await ok(
      api.POST("/v1/webhooks/{webhook_id}:replay", { params, body, headers: once() }),
    );
    count += done.replaying;
    from_seq = done.next_seq;
  }
  toast(t("webhooks.replaying", { count }));
  await officeChanged("webhooks");
}

function Actions({ webhook, act }: { webhook: Webhook; act: (doing: Doing) => void }) {
  const item = menu.item ?? "";
  const params = { path: { webhook_id: webhook.id } };

  const test = () =>
    attempt(
      ok(api.POST("/v1/webhooks/{webhook_id}:test", { params })).then((said) =>
        toast(
          said.delivered
            ? t("webhooks.test_ok", { status: said.status ?? 200, ms: said.elapsed_ms })
            : t("webhooks.test_failed", { why: deliveryError(said) }),
          { bad: !said.delivered },
        ),
      ),
    );
  const replay = () => attempt(replayDead(webhook));
  const enable = () =>
    attempt(
      ok(api.PATCH("/v1/webhooks/{webhook_id}", { params, body: { enabled: !webhook.enabled } })).then(() =>
        officeChanged("webhooks"),
      ),
    );

  return (
    <Menu.Root>
      <Menu.Trigger className={iconButtonClass(true)} aria-label={t("webhooks.more", { url: webhook.url })}>
        <Ellipsis size={18} aria-hidden="true" />
      </Menu.Trigger>
      <MenuPopup>
        <Menu.Item className={item} onClick={() => act({ what: "deliveries", webhook })}>
          {t("webhooks.deliveries")}
        </Menu.Item>
        <Menu.Item className={item} onClick={() => void test()}>
          {t("webhooks.test")}
        </Menu.Item>
        {webhook.dead > 0 ? (
          <Menu.Item className={item} onClick={() => void replay()}>
            {t("webhooks.replay_dead", { count: webhook.dead })}
          </Menu.Item>
        ) : null}
        <Menu.Item className={item} onClick={() => act({ what: "edit", webhook })}>
          {t("webhooks.edit")}
        </Menu.Item>
        <Menu.Item className={item} onClick={() => void enable()}>
          {t(webhook.enabled ? "webhooks.turn_off" : "webhooks.turn_on")}
        </Menu.Item>
        <Menu.Item className={item} onClick={() => act({ what: "rotate", webhook })}>
          {t("webhooks.rotate")}
        </Menu.Item>
        <Menu.Separator className={menu.separator ?? ""} />
        <Menu.Item className={`${menu.item} ${menu.danger}`} onClick={() => act({ what: "delete", webhook })}>
          {t("webhooks.delete")}
        </Menu.Item>
      </MenuPopup>
    </Menu.Root>
  );
}

function Edit({
  webhook,
  close,
  made,
}: {
  webhook?: Webhook;
  close: () => void;
  made: (secret: string) => void;
}) {
  const [url, setUrl] = useState(webhook?.url ?? "");
  const [description, setDescription] = useState(webhook?.description ?? "");
  const [types, setTypes] = useState((webhook?.event_types ?? []) as EventType[]);
  const [every, setEvery] = useState(types.length === 0);
  const [enabled, setEnabled] = useState(webhook?.enabled ?? true);
  return (
    <FormDialog
      title={t(webhook ? "webhooks.edit" : "webhooks.add")}
      submit={t("action.save")}
      ready={every || types.length > 0}
      close={close}
      save={async () => {
        const event_types = every ? [] : types;
        if (webhook) {
          const params = { path: { webhook_id: webhook.id } };
          const body = { url, description, event_types, enabled };
          await ok(api.PATCH("/v1/webhooks/{webhook_id}", { params, body }));
        } else {
          const issued = await ok(
            api.POST("/v1/webhooks", { body: { url, description, event_types }, headers: once() }),
          );
          if (issued.secret) made(issued.secret);
        }
        await officeChanged("webhooks");
      }}
    >
      <TextField
        label={t("webhooks.address")}
        type="url"
        value={url}
        required
        placeholder="https://"
        onChange={(event) => setUrl(event.target.value)}
      />
      <TextField
        label={t("webhooks.description")}
        value={description}
        maxLength={200}
        dir="auto"
        onChange={(event) => setDescription(event.target.value)}
      />
      <Switch label={t("webhooks.all_events")} checked={every} change={setEvery} />
      {every ? null : <EventTypes chosen={types} change={setTypes} />}
      {webhook ? <Switch label={t("webhooks.enabled")} checked={enabled} change={setEnabled} /> : null}
    </FormDialog>
  );
}
