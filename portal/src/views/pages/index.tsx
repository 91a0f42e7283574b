/**
 * The pages there are. Each is a chunk of its own, loaded when it is opened.
 *
 * A new page: its component in a folder beside this file, its texts in `locales/<language>/pages.json`, and an entry here.
 */
import { House } from "lucide-react";
import { type ComponentType, lazy } from "react";
import type { Me } from "../../core/api";
import type { Key } from "../../core/i18n";

export type Page = {
  /** Where the link in the list of pages leads. */
  href: string;
  /** All addresses that it draws, as wouter writes them: `/messages/:id`. */
  paths: string[];
  label: Key;
  icon: ComponentType<{ size?: number; "aria-hidden"?: "true" }>;
  component: ComponentType;
  /** Something small at the link, such as a count. */
  badge?: ComponentType;
  /** Who gets to see the link; everybody where it is missing. */
  visible?: (me: Me) => boolean;
};

export const pages: Page[] = [
  {
    href: "/",
    paths: ["/"],
    label: "nav.home",
    icon: House,
    component: lazy(() => import("./home/Home").then((module) => ({ default: module.Home }))),
  },
];
