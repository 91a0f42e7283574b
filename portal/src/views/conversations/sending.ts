/** Which key finishes what somebody writes. */
import type { KeyboardEvent } from "react";
import type { Preferences } from "../../core/preferences";

/** Whether this key says "that is it"; Enter that ends the composing of a character is not Enter. */
export function sends(event: KeyboardEvent, sendWith: Preferences["sendWith"]): boolean {
  if (event.key !== "Enter" || event.nativeEvent.isComposing || event.shiftKey) return false;
  return sendWith === "enter" || event.ctrlKey || event.metaKey;
}
