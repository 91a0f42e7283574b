/** Moments as a `datetime-local` field writes them, in the time of whoever types. */

/** "" for none. */
export function localMoment(moment: string | null): string {
  if (moment === null) return "";
  const at = new Date(moment);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function momentOf(typed: string): string | null {
  return typed === "" ? null : new Date(typed).toISOString();
}
