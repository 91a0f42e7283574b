import { Menu } from "@base-ui/react/menu";
import { Check, ChevronUp } from "lucide-react";
import type { RefObject } from "react";
import { t } from "../../core/i18n";
import { numberShown } from "../../core/naming";
import menu from "../../ui/Menu.module.css";
import styles from "./NewConversation.module.css";

type Props = {
  numbers: readonly string[];
  chosen: string;
  choose: (number: string) => void;
  container: RefObject<HTMLElement | null>;
};

/** The arrow at the bottom: which of one's numbers sends. */
export function FromMenu({ numbers, chosen, choose, container }: Props) {
  return (
    <Menu.Root>
      <Menu.Trigger className={styles.from} data-testid="from">
        <bdi>{t("new.from", { number: numberShown(chosen) })}</bdi>
        <ChevronUp size={16} aria-hidden="true" />
      </Menu.Trigger>
      <Menu.Portal container={container}>
        <Menu.Positioner
          side="top"
          align="start"
          sideOffset={4}
          positionMethod="fixed"
          className={menu.positioner}
        >
          <Menu.Popup className={menu.popup}>
            <Menu.Group>
              <Menu.GroupLabel className={menu.label}>{t("new.from_label")}</Menu.GroupLabel>
              <Menu.RadioGroup value={chosen} onValueChange={choose}>
                {numbers.map((one) => (
                  <Menu.RadioItem key={one} value={one} className={menu.item} closeOnClick>
                    <span className={menu.mark}>
                      <Menu.RadioItemIndicator>
                        <Check size={16} aria-hidden="true" />
                      </Menu.RadioItemIndicator>
                    </span>
                    <bdi>{numberShown(one)}</bdi>
                  </Menu.RadioItem>
                ))}
              </Menu.RadioGroup>
            </Menu.Group>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
