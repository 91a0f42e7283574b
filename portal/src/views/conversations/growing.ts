import { type RefObject, useLayoutEffect } from "react";

/** Have a field be as high as its text, up to so many pixels; it scrolls then. */
export function useGrowing(field: RefObject<HTMLTextAreaElement | null>, text: string, mostPx: number): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text decides the height
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.blockSize = "auto";
    const { borderBlockStartWidth, borderBlockEndWidth } = getComputedStyle(element);
    const borders = Number.parseFloat(borderBlockStartWidth) + Number.parseFloat(borderBlockEndWidth);
    element.style.blockSize = `${Math.min(element.scrollHeight + borders, mostPx)}px`;
  }, [text]);
}
