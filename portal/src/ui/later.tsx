import { RotateCw } from "lucide-react";
import { type ComponentType, type LazyExoticComponent, lazy } from "react";
import { t } from "../core/i18n";
import { lookForNewVersion } from "../core/version";
import { IconButton } from "./Button";

/**
 * React's `lazy` for a part inside of something that has to go on working: a menu, a panel of a conversation.
 *
 * Where the part cannot be loaded (the server was upgraded, the network is gone) a button that loads the page again
 * stands in its place, or nothing if `nothing` is said. Whole pages use `lazy` itself: their boundary explains more.
 */
// biome-ignore lint/suspicious/noExplicitAny: as React's own `lazy` has it
export function later<T extends ComponentType<any>>(
  load: () => Promise<{ default: T }>,
  instead: "button" | "nothing" = "button",
): LazyExoticComponent<T> {
  return lazy(() =>
    load().catch(() => {
      void lookForNewVersion();
      return { default: (instead === "button" ? LoadAgain : Nothing) as unknown as T };
    }),
  );
}

function LoadAgain() {
  return (
    <IconButton small label={t("app.part_missing")} onClick={() => location.reload()}>
      <RotateCw size={18} aria-hidden="true" />
    </IconButton>
  );
}

const Nothing = () => null;
