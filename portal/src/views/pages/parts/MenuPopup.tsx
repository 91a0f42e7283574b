import { Menu } from "@base-ui/react/menu";
import type { ReactNode } from "react";
import menu from "../../../ui/Menu.module.css";

/** What a menu button opens: inside the page's landmark, where listeners expect it, and clipped by nothing. */
export function MenuPopup({ children }: { children: ReactNode }) {
  return (
    <Menu.Portal container={document.getElementById("page")}>
      <Menu.Positioner sideOffset={4} align="end" positionMethod="fixed" className={menu.positioner ?? ""}>
        <Menu.Popup className={menu.popup ?? ""}>{children}</Menu.Popup>
      </Menu.Positioner>
    </Menu.Portal>
  );
}
