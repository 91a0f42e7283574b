/** Whom one can call and write to: users of the domain with what they do right now, and contacts. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { create } from "zustand";
import { api, type Contact, ok, type Presence, type Schemas } from "./api";
import { onFrame, onUp } from "./live";
import { keys, queries, renew } from "./queries";

type PresenceFrame = Omit<Presence, "calls">;
export const usePresences = create<{ users: ReadonlyMap<string, PresenceFrame> }>(() => ({
  users: new Map(),
}));

/** What somebody does right now; undefined for who is no user of the domain. */
export const usePresence = (userId: string | null | undefined): PresenceFrame | undefined =>
  usePresences((store) => (userId ? store.users.get(userId) : undefined));

/** What frames told while the list was on its way: newer than what the list says. */
let toldMeanwhile: PresenceFrame[] | undefined;

onFrame("presence", (frame) => {
  if (frame.type !== "presence") return;
  const { users } = (frame.data ?? {}) as { users?: PresenceFrame[] };
  toldMeanwhile?.push(...(users ?? []));
  const next = new Map(usePresences.getState().users);
  for (const one of users ?? []) next.set(one.user_id, one);
  usePresences.setState({ users: next });
});

onUp(() => void renew(keys.presence));
onFrame("user.", () => void renew(keys.presence));
onFrame("contact.", () => void renew(keys.contacts));

/** Everybody in the domain; the answer goes to the store, where frames keep it fresh. */
const presences = queryOptions({
  queryKey: keys.presence,
  queryFn: async () => {
    const told: PresenceFrame[] = [];
    toldMeanwhile = told;
    const { items } = await ok(api.GET("/v1/presence"));
    usePresences.setState({ users: new Map([...items, ...told].map((one) => [one.user_id, one])) });
    return items.length;
  },
});

export const usePresenceList = () => useQuery(presences);

/** All contacts one sees, by name. Pages are shown as they come. */
const contacts = queryOptions({
  queryKey: keys.contacts,
  queryFn: async ({ signal }) => {
    const found: Contact[] = [];
    let cursor: string | undefined;
    do {
      const query = { limit: 200, ...(cursor ? { cursor } : {}) };
      const page = await ok(api.GET("/v1/contacts", { params: { query }, signal }));
      found.push(...page.items);
      cursor = page.next_cursor ?? undefined;
      if (cursor !== undefined && queries.getQueryData(keys.contacts) === undefined) {
        queries.setQueryData(keys.contacts, [...found]);
        // Behind the frame that shows them.
        requestAnimationFrame(() => setTimeout(peopleShown));
      }
    } while (cursor !== undefined);
    return found;
  },
});

export const useContacts = () => useQuery(contacts);

/** Parts that nobody sees at first wait this long for the contacts, in ms. */
const PEOPLE_FIRST_MS = 1_500;
let peopleShown: () => void = () => undefined;

/** Done when the contacts are here, or take long: what is less urgent on a slow computer comes after them. */
export const afterPeople = new Promise<void>((done) => {
  peopleShown = done;
});

/** Ask for everybody before there is a page that shows them. */
export function askForPeople(): void {
  setTimeout(peopleShown, PEOPLE_FIRST_MS);
  void queries.prefetchQuery(presences);
  void queries.prefetchQuery(contacts).then(peopleShown);
}

export type Target = Schemas["TargetInput"];

/** Somebody as the sidebar, a suggestion or a chip shows them. */
export type Person = {
  /** Unique among persons. */
  key: string;
  kind: "user" | "contact" | "number";
  name: string;
  /** Extension, number or company: what tells two of the same name apart. */
  detail: string;
  userId: string | null;
  favourite: boolean;
  /** What a conversation with them is; null where they have no number. */
  leadsTo: "chat" | "sms" | null;
  /** How a conversation with them is asked for. */
  target: Target | null;
  /** What a call to them dials. */
  dial: string | null;
  /** In E.164, where they are written to by text. */
  number: string | null;
  label: string;
};

export function userPerson(one: { user_id: string; extension: string; display_name: string }): Person {
  return {
    key: one.user_id,
    kind: "user",
    name: one.display_name,
    detail: one.extension,
    userId: one.user_id,
    favourite: false,
    leadsTo: "chat",
    target: { user_id: one.user_id },
    dial: one.extension,
    number: null,
    label: "",
  };
}

export function contactPerson(one: Contact): Person {
  const number = one.numbers.find((each) => each.default) ?? one.numbers[0];
  return {
    key: one.id,
    kind: "contact",
    name: one.name,
    detail: one.company || (number?.number ?? number?.extension ?? ""),
    userId: number?.user_id ?? null,
    favourite: one.favourite,
    leadsTo: number?.leads_to ?? null,
    target: number === undefined ? null : { contact_id: one.id },
    dial: number?.number ?? number?.extension ?? null,
    number: number?.number ?? null,
    label: number?.label ?? "",
  };
}

/** What the directory found: one person for each of a hit's numbers, the default one first. */
export function hitPersons(hit: Schemas["HitResource"]): Person[] {
  const common = { name: hit.name, favourite: hit.favourite };
  if (hit.user_id !== null) {
    const extension = hit.extension ?? "";
    return [userPerson({ user_id: hit.user_id, extension, display_name: hit.name })];
  }
  const numbers = [...hit.numbers].sort((a, b) => Number(b.default) - Number(a.default));
  return numbers.map((one) => {
    const shown = one.number ?? one.extension ?? one.typed;
    const target: Target =
      one.user_id !== null
        ? { user_id: one.user_id }
        : hit.contact_id !== null
          ? { contact_id: hit.contact_id, number: shown }
          : { number: shown };
    return {
      ...common,
      key: `${hit.contact_id ?? "number"}:${shown}`,
      kind: hit.kind === "new_number" ? ("number" as const) : ("contact" as const),
      detail: shown,
      userId: one.user_id,
      leadsTo: one.leads_to,
      target,
      dial: shown,
      number: one.number,
      label: one.label,
    };
  });
}

/** Case, accents and width put aside, for comparing names. */
export const folded = (text: string): string =>
  text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();

/** Whether every word that was typed begins a word of this, or its digits are in the number. */
export function matches(person: Person, query: string): boolean {
  const words = folded(`${person.name} ${person.detail}`).split(/[\s.,_-]+/);
  const digits = `${person.detail} ${person.number ?? ""}`.replace(/[^\d]/g, "");
  return folded(query)
    .split(/\s+/)
    .filter(Boolean)
    .every((wanted) => {
      if (words.some((word) => word.startsWith(wanted))) return true;
      const wantedDigits = wanted.replace(/[^\d]/g, "");
      return (
        wantedDigits.length >= 3 &&
        wantedDigits === wanted.replace(/[+()./-]/g, "") &&
        digits.includes(wantedDigits)
      );
    });
}
