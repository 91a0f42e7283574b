/** What a webhook of a domain may ask for: nouns with their verbs, as the API's description lists them. */
import type { Schemas } from "./api";

export type EventType = NonNullable<Schemas["NewWebhook"]["event_types"]>[number];
type Noun = EventType extends `${infer N}.${string}` ? N : never;
/** What no domain owns, and nobody here can have. */
type Operations = "carrier" | "inbound";
type Verb<N extends Noun> = EventType extends infer T
  ? T extends `${N}.${infer V}`
    ? Exclude<V, "*">
    : never
  : never;

/** In the order they are offered: what people wait for first. Each type has to be here, once. */
export const EVENT_TYPES: { [N in Exclude<Noun, Operations>]: Record<Verb<N>, true> } = {
  message: { created: true, updated: true, blocked: true },
  conversation: { created: true, updated: true },
  call: { updated: true },
  call_log: { created: true, updated: true, seen: true },
  contact: { created: true, updated: true, deleted: true, imported: true },
  consent: { updated: true },
  blocked_sender: { created: true, deleted: true },
  presence: { updated: true },
  user: { created: true, updated: true, deleted: true, settings_updated: true, mailbox_updated: true },
  number: { created: true, updated: true, deleted: true },
  device: { created: true, updated: true, deleted: true },
  quick_reply: { created: true, updated: true, deleted: true },
  session: { started: true, ended: true },
  password: { changed: true, reset: true },
  key: { created: true, revoked: true },
  token: { minted: true },
  webhook: { created: true, updated: true, deleted: true, disabled: true, secret_rotated: true },
  domain: { updated: true, settings_updated: true },
};
export type OfferedNoun = keyof typeof EVENT_TYPES;
export const NOUNS = Object.keys(EVENT_TYPES) as OfferedNoun[];

/** All types of a noun. */
export const typesOf = (noun: OfferedNoun): EventType[] =>
  Object.keys(EVENT_TYPES[noun]).map((verb) => `${noun}.${verb}` as EventType);

export const allOf = (noun: OfferedNoun): EventType => `${noun}.*`;

/** With or without a type. All of a noun takes the place of its types, and one left out brings the rest back. */
export function toggled(
  chosen: readonly EventType[],
  noun: OfferedNoun,
  type: EventType,
  on: boolean,
): EventType[] {
  const types = typesOf(noun);
  const whole = allOf(noun);
  const others = chosen.filter((one) => one !== whole && !types.includes(one));
  if (type === whole) return on ? [...others, whole] : others;
  const had = chosen.includes(whole) ? types : types.filter((one) => chosen.includes(one));
  const has = types.filter((one) => (one === type ? on : had.includes(one)));
  return [...others, ...has];
}
