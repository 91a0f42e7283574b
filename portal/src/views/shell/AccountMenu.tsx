import { Menu } from "@base-ui/react/menu";
import { Check, Keyboard, LogOut } from "lucide-react";
import { announce } from "../../core/announcer";
import { t } from "../../core/i18n";
import { type Look, looks } from "../../core/looks";
import { usePreferences } from "../../core/preferences";
import { explain } from "../../core/problems";
import { logOut, useMe } from "../../core/session";
import { overlay } from "../../core/shortcuts";
import { Avatar } from "../../ui/Avatar";
import menu from "../../ui/Menu.module.css";
import styles from "./AccountMenu.module.css";

/** Who is logged in, how the page looks and speaks, and the way out. */
export function AccountMenu() {
  const { user } = useMe();
  const chosen = usePreferences();

  async function leave() {
    try {
      await logOut();
    } catch (error) {
      announce(explain(error));
    }
  }

  return (
    <Menu.Root>
      <Menu.Trigger className={styles.trigger} aria-label={t("account.menu", { name: user.display_name })}>
        <Avatar name={user.display_name} id={user.id} size={34} />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={6} align="end" className={menu.positioner}>
          <Menu.Popup className={menu.popup}>
            <div className={styles.who}>
              <strong dir="auto">{user.display_name}</strong>
              <span>{t("account.extension", { extension: user.extension })}</span>
            </div>
            {looks(chosen).map((one) => (
              <Choice key={one.label} {...one} />
            ))}
            <Menu.Separator className={menu.separator} />
            <Menu.Item className={menu.item} onClick={() => overlay("keys")}>
              <Keyboard size={17} aria-hidden="true" />
              {t("keys.title")}
            </Menu.Item>
            <Menu.Item className={menu.item} onClick={() => void leave()}>
              <LogOut size={17} aria-hidden="true" />
              {t("account.log_out")}
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

function Choice({ label, value, options, choose }: Look) {
  return (
    <Menu.Group>
      <Menu.GroupLabel className={menu.label}>{label}</Menu.GroupLabel>
      <Menu.RadioGroup value={value} onValueChange={choose}>
        {Object.entries(options).map(([one, text]) => (
          <Menu.RadioItem key={one} value={one} className={menu.item} closeOnClick={false}>
            <span className={menu.mark}>
              <Menu.RadioItemIndicator>
                <Check size={16} aria-hidden="true" />
              </Menu.RadioItemIndicator>
            </span>
            {text}
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
    </Menu.Group>
  );
}
