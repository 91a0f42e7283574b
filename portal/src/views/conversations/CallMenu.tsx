import { Menu } from "@base-ui/react/menu";
import { Phone } from "lucide-react";
import type { RefObject } from "react";
import { placeCall } from "../../core/calls";
import { t } from "../../core/i18n";
import { numberShown, type Other } from "../../core/naming";
import { iconButtonClass } from "../../ui/Button";
import menu from "../../ui/Menu.module.css";
import { PresenceDot } from "../../ui/PresenceDot";
import styles from "./CallMenu.module.css";

type Props = { people: readonly Other[]; container: RefObject<HTMLElement | null> };

/** The telephone of a group: whom to call. */
export function CallMenu({ people, container }: Props) {
  return (
    <Menu.Root>
      <Menu.Trigger className={iconButtonClass(true)} aria-label={t("call.whom")} title={t("call.whom")}>
        <Phone size={18} aria-hidden="true" />
      </Menu.Trigger>
      <Menu.Portal container={container}>
        <Menu.Positioner sideOffset={4} align="end" positionMethod="fixed" className={menu.positioner}>
          <Menu.Popup className={menu.popup}>
            <Menu.Group>
              <Menu.GroupLabel className={menu.label}>{t("call.whom_label")}</Menu.GroupLabel>
              {people.map((one) => (
                <Menu.Item
                  key={one.key}
                  className={menu.item}
                  onClick={() => void placeCall(one.dial, one.name)}
                >
                  {one.userId ? <PresenceDot userId={one.userId} /> : null}
                  <bdi className={styles.name}>{one.name}</bdi>
                  {numberShown(one.dial) === one.name ? null : (
                    <bdi className={styles.number}>{numberShown(one.dial)}</bdi>
                  )}
                </Menu.Item>
              ))}
            </Menu.Group>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
