/** The parts of the page that F6 goes through, and where one was in each. */

/** In the order of the page; the contacts are the frame's own `aside`. */
const PARTS = "[data-region], [data-contacts] > aside";
/** What takes the keyboard in a part where one has not been yet, the best first. */
const FIRST = [
  "[data-composer]:not(:disabled)",
  "input[role=combobox]",
  "[aria-current=page]",
  "input:not(:disabled, [type=hidden], [hidden])",
  "a[href], button:not(:disabled), [tabindex='0']",
];

const left = new WeakMap<Element, HTMLElement>();

/** Remember where one is in a part, to come back to. */
export function remember(target: EventTarget | null): void {
  if (!(target instanceof HTMLElement)) return;
  const part = target.closest(PARTS);
  if (part !== null) left.set(part, target);
}

/** Go to the next part, or back to the one before; round at the ends. */
export function goToPart(step: 1 | -1): void {
  const parts = [...document.querySelectorAll<HTMLElement>(PARTS)].filter(isDrawn);
  const at = parts.findIndex((one) => one.contains(document.activeElement));
  const begin = at < 0 && step < 0 ? 0 : at;
  for (let tried = 1; tried <= parts.length; tried += 1) {
    const part = parts[(begin + step * tried + parts.length * 2) % parts.length];
    if (part !== undefined && enter(part)) return;
  }
}

function enter(part: HTMLElement): boolean {
  const before = left.get(part);
  const offers = [
    before?.isConnected && part.contains(before) ? before : null,
    part.hasAttribute("tabindex") ? part : null,
    ...FIRST.map((one) => [...part.querySelectorAll<HTMLElement>(one)].find(isDrawn) ?? null),
  ];
  return offers.some((one) => {
    one?.focus();
    return one !== null && document.activeElement === one;
  });
}

const isDrawn = (one: HTMLElement): boolean => one.getClientRects().length > 0;
