import { Menu } from "@base-ui/react/menu";
import { Pencil, Undo2 } from "lucide-react";
import { type RefObject, useEffect, useRef, useState } from "react";
import type { Message } from "../../core/api";
import { t } from "../../core/i18n";
import { beginEdit, editableUntilMs, takeBack, untilText, useEditWithinS } from "../../core/rewriting";
import { Confirm } from "../../ui/Dialog";
import menu from "../../ui/Menu.module.css";

type Props = {
  message: Message;
  windowKey: string;
  /** The button that asked for it. */
  button: RefObject<HTMLButtonElement | null>;
  close: () => void;
};

/** What somebody may still do to a message of theirs, and until when. */
export function MessageMenu({ message, windowKey, button, close }: Props) {
  const withinS = useEditWithinS();
  const [asking, setAsking] = useState(false);
  const next = useRef<"edit" | "ask" | undefined>(undefined);
  const first = useRef<HTMLDivElement>(null);
  const row = button.current?.closest<HTMLElement>("[data-row]");
  const until = editableUntilMs(message, withinS);
  const editable = Date.now() < until;
  const when = untilText(until);

  // It opens without a trigger of the library's, which would focus the first item by itself.
  useEffect(() => {
    const timer = requestAnimationFrame(() => first.current?.focus());
    return () => cancelAnimationFrame(timer);
  }, []);

  if (asking) {
    return (
      <Confirm
        title={t("message.take_back_title")}
        action={t("message.take_back")}
        close={close}
        run={async () => {
          await takeBack(message);
          return () => requestAnimationFrame(() => row?.focus());
        }}
      >
        <p>{t("message.take_back_hint")}</p>
      </Confirm>
    );
  }

  function closed() {
    if (next.current === "ask") setAsking(true);
    else close();
    if (next.current === "edit") beginEdit(windowKey, message, "message");
  }

  return (
    <Menu.Root
      defaultOpen
      onOpenChangeComplete={(open) => {
        if (!open) closed();
      }}
    >
      <Menu.Portal container={button.current?.closest("section") ?? null}>
        <Menu.Positioner
          anchor={button}
          sideOffset={4}
          align="end"
          positionMethod="fixed"
          className={menu.positioner}
        >
          <Menu.Popup
            className={menu.popup}
            aria-label={t("message.more")}
            finalFocus={() => (next.current === undefined ? (button.current ?? true) : false)}
          >
            <Menu.Group>
              <Menu.GroupLabel className={menu.label}>
                {withinS === 0 ? t("edit.never") : t(editable ? "edit.until" : "edit.was_until", { when })}
              </Menu.GroupLabel>
              {editable ? (
                <Menu.Item
                  ref={first}
                  className={menu.item}
                  onClick={() => {
                    next.current = "edit";
                  }}
                >
                  <Pencil size={17} aria-hidden="true" />
                  {t("message.edit")}
                </Menu.Item>
              ) : null}
              <Menu.Item
                {...(editable ? {} : { ref: first })}
                className={`${menu.item} ${menu.danger}`}
                onClick={() => {
                  next.current = "ask";
                }}
              >
                <Undo2 size={17} aria-hidden="true" />
                {t("message.take_back")}
              </Menu.Item>
            </Menu.Group>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
