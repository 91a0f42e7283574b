import { Suspense, useEffect } from "react";
import { usePreferences } from "../../core/preferences";
import { isMac, overlay, typeAhead, useOverlay, type Wish, wishOf } from "../../core/shortcuts";
import { openNextUnread } from "../../core/switching";
import { openNew } from "../../core/windows";
import { later } from "../../ui/later";
import { goToPart, remember } from "./parts-of-page";

const Switcher = later(
  () => import("./Switcher").then((module) => ({ default: module.Switcher })),
  "nothing",
);
const KeysDialog = later(
  () => import("./KeysDialog").then((module) => ({ default: module.KeysDialog })),
  "nothing",
);

/** Where a letter writes, or goes to what begins with it. */
const TYPED_INTO =
  'input:not([type="checkbox"], [type="radio"]), textarea, select, [contenteditable]:not([contenteditable="false"]),' +
  ' [role="menu"], [role="listbox"], [role="combobox"]';
/** What has to be answered or closed first. */
const IN_FRONT = '[role="dialog"], [role="alertdialog"], [role="menu"]';

const DO: Record<Wish, () => void> = {
  part: () => goToPart(1),
  part_back: () => goToPart(-1),
  switch: () => overlay("switcher"),
  unread: () => void openNextUnread(),
  keys: () => overlay("keys"),
  new: () => openNew(),
  search,
};

/** The keys that count everywhere, and what they lay over the page. */
export function Keys() {
  const { open } = useOverlay();

  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const target = event.target instanceof Element ? event.target : null;
      const typing = target?.closest(TYPED_INTO) != null;
      const { letterKeys } = usePreferences.getState();
      const wish = wishOf(event, { typing, letterKeys, mac: isMac() });
      if (wish === undefined) return;
      // The browser's own meaning of the key would only surprise, here or in front of a dialog.
      event.preventDefault();
      if (document.querySelector(IN_FRONT) === null) DO[wish]();
    };
    // Who types at once means the switcher, not the message that they were writing or a letter that is a key.
    const early = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.querySelector(IN_FRONT) !== null || !typeAhead(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
    };
    const focused = (event: FocusEvent) => remember(event.target);
    addEventListener("keydown", early, true);
    document.addEventListener("keydown", pressed);
    document.addEventListener("focusin", focused);
    return () => {
      removeEventListener("keydown", early, true);
      document.removeEventListener("keydown", pressed);
      document.removeEventListener("focusin", focused);
      overlay("none");
    };
  }, []);

  return (
    <Suspense fallback={null}>
      {open === "switcher" ? <Switcher /> : null}
      {open === "keys" ? <KeysDialog /> : null}
    </Suspense>
  );
}

/** To the field that searches the contacts; where there is no room for them, the switcher finds people too. */
function search(): void {
  const field = document.querySelector<HTMLInputElement>("[data-contacts] > aside input");
  if (field !== null && field.getClientRects().length > 0) field.focus();
  else overlay("switcher");
}
