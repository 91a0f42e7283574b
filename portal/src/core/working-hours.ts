/** Working hours as a week of days, and as the spans the engine keeps: `Mon-Fri 08:00-18:00`. */

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;

export type Day = { on: boolean; opens: string; closes: string };
/** Monday first. */
export type Week = Day[];

export const USUAL: Week = DAYS.map((_, at) => ({ on: at < 5, opens: "08:00", closes: "18:00" }));

/** Days with the same times side by side become one span. */
export function spansOf(week: Week): string[] {
  const spans: string[] = [];
  for (let at = 0; at < week.length; at += 1) {
    const day = week[at];
    if (!day?.on) continue;
    let last = at;
    while (week[last + 1]?.on && week[last + 1]?.opens === day.opens && week[last + 1]?.closes === day.closes)
      last += 1;
    const days = last === at ? DAYS[at] : `${DAYS[at]}-${DAYS[last]}`;
    spans.push(`${days} ${day.opens}-${day.closes}`);
    at = last;
  }
  return spans;
}

/** Undefined where a week of days cannot show them: a day with two spans. */
export function weekOf(spans: readonly string[]): Week | undefined {
  const week: Week = USUAL.map((day) => ({ ...day, on: false }));
  for (const span of spans) {
    const parts = /^(\w{3})(?:-(\w{3}))? (\d\d:\d\d)-(\d\d:\d\d)$/.exec(span);
    if (parts === null) return undefined;
    const first = indexOf(parts[1] ?? "");
    const last = parts[2] === undefined ? first : indexOf(parts[2]);
    if (first < 0 || last < first) return undefined;
    for (let at = first; at <= last; at += 1) {
      const day = week[at];
      if (day === undefined || day.on) return undefined;
      week[at] = { on: true, opens: parts[3] ?? "", closes: parts[4] ?? "" };
    }
  }
  return week;
}

const indexOf = (day: string): number => DAYS.findIndex((one) => one.toLowerCase() === day.toLowerCase());
