import { Menu } from "@base-ui/react/menu";
import { Bell, BellOff, Ellipsis, History, LogOut, Pencil, Trash2 } from "lucide-react";
import type { RefObject } from "react";
import { useLocation } from "wouter";
import { api, type Conversation, ok } from "../../core/api";
import { keepConversation } from "../../core/conversations";
import { t } from "../../core/i18n";
import { leaveSoon } from "../../core/leaving";
import { explain } from "../../core/problems";
import { keys, queries, renew } from "../../core/queries";
import { toast } from "../../core/toasts";
import { closeWindow, openConversation } from "../../core/windows";
import { iconButtonClass } from "../../ui/Button";
import menu from "../../ui/Menu.module.css";

type Props = {
  conversation: Conversation;
  windowKey: string;
  container: RefObject<HTMLElement | null>;
  rename: () => void;
};

/** Notifications off, rename, leave, delete. What cannot be done is not offered. */
export function MoreMenu({ conversation, windowKey, container, rename }: Props) {
  const [, go] = useLocation();
  const path = { path: { conversation_id: conversation.id } };
  const { muted, kind } = conversation;
  const several = kind === "chat" ? conversation.members.length > 2 : conversation.members.length > 1;

  async function attempt(what: () => Promise<void>) {
    try {
      await what();
    } catch (error) {
      toast(explain(error), { bad: true });
    }
  }

  const mute = () =>
    attempt(async () => {
      const body = { muted: !muted };
      keepConversation(
        await ok(api.POST("/v1/conversations/{conversation_id}:mute", { params: path, body })),
      );
      toast(t(muted ? "more.unmuted_done" : "more.muted_done"));
    });

  const remove = () =>
    attempt(async () => {
      await ok(api.POST("/v1/conversations/{conversation_id}:delete", { params: path }));
      forget();
      toast(t("more.deleted"), { action: { label: t("action.undo"), run: () => void undo() } });
    });

  const undo = () =>
    attempt(async () => {
      keepConversation(await ok(api.POST("/v1/conversations/{conversation_id}:restore", { params: path })));
      await renew(keys.timeline(conversation.id));
      openConversation(conversation.id);
    });

  function leave() {
    forget();
    leaveSoon(conversation.id);
  }

  function forget() {
    closeWindow(windowKey);
    queries.removeQueries({ queryKey: keys.timeline(conversation.id) });
    queries.removeQueries({ queryKey: keys.conversation(conversation.id) });
  }

  return (
    <Menu.Root>
      <Menu.Trigger className={iconButtonClass(true)} aria-label={t("window.more")} title={t("window.more")}>
        <Ellipsis size={18} aria-hidden="true" />
      </Menu.Trigger>
      <Menu.Portal container={container}>
        <Menu.Positioner sideOffset={4} align="end" positionMethod="fixed" className={menu.positioner}>
          <Menu.Popup className={menu.popup}>
            <Menu.Item className={menu.item} onClick={() => void mute()}>
              {muted ? <Bell size={17} aria-hidden="true" /> : <BellOff size={17} aria-hidden="true" />}
              {t(muted ? "more.unmute" : "more.mute")}
            </Menu.Item>
            <Menu.Item className={menu.item} onClick={rename}>
              <Pencil size={17} aria-hidden="true" />
              {t("more.rename")}
            </Menu.Item>
            <Menu.Item className={menu.item} onClick={() => go(`/messages/${conversation.id}`)}>
              <History size={17} aria-hidden="true" />
              {t("more.history")}
            </Menu.Item>
            <Menu.Separator className={menu.separator} />
            {several ? (
              <Menu.Item className={menu.item} onClick={leave}>
                <LogOut size={17} aria-hidden="true" />
                {t("more.leave")}
              </Menu.Item>
            ) : null}
            <Menu.Item className={`${menu.item} ${menu.danger}`} onClick={() => void remove()}>
              <Trash2 size={17} aria-hidden="true" />
              {t("more.delete")}
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
