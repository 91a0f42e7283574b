import { useQuery } from "@tanstack/react-query";
import { MessageSquarePlus, Search, Users, X } from "lucide-react";
import { type KeyboardEvent, useDeferredValue, useId, useMemo, useRef, useState } from "react";
import type { VListHandle } from "virtua";
import { api, ok } from "../../core/api";
import { t } from "../../core/i18n";
import {
  contactPerson,
  hitPersons,
  matches,
  type Person,
  useContacts,
  usePresenceList,
  usePresences,
  userPerson,
} from "../../core/people";
import { explain } from "../../core/problems";
import { useMe } from "../../core/session";
import { openNew } from "../../core/windows";
import { Avatar } from "../../ui/Avatar";
import { Button, IconButton } from "../../ui/Button";
import { Empty, Loading } from "../../ui/Empty";
import { PresenceDot, presenceText } from "../../ui/PresenceDot";
import { ContactList } from "./ContactList";
import styles from "./Contacts.module.css";

export type Line = { key: string; heading: string } | { key: string; person: Person; at: number };

/** Everybody one can call or write to, oneself on top with the icon for a new conversation. */
export function Contacts() {
  const { user } = useMe();
  const list = useRef<VListHandle>(null);
  const searchId = useId();
  const [typed, setTyped] = useState("");
  const [current, setCurrent] = useState(0);
  const query = useDeferredValue(typed.trim());
  const users = usePresences((store) => store.users);
  const me = users.get(user.id);
  const presence = usePresenceList();
  const contacts = useContacts();
  const newNumber = useNewNumber(query);

  const lines = useMemo(() => {
    const colleagues = [...users.values()].filter((one) => one.user_id !== user.id).map(userPerson);
    const others = (contacts.data ?? []).map(contactPerson);
    return linesOf(colleagues, others, newNumber, query);
  }, [users, contacts.data, newNumber, query, user.id]);
  const people = useMemo(() => lines.flatMap((one, index) => ("person" in one ? [index] : [])), [lines]);
  const chosen = Math.min(current, Math.max(0, people.length - 1));

  /** The list is one stop for Tab; arrows move in it, and across a row's buttons. */
  function move(event: KeyboardEvent<HTMLDivElement>) {
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-at]");
    if (row === null) return;
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: 10,
      PageUp: -10,
      Home: -people.length,
      End: people.length,
    };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      go(Math.max(0, Math.min(people.length - 1, Number(row.dataset.at) + step)));
      return;
    }
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    event.preventDefault();
    const stops = [row, ...row.querySelectorAll<HTMLElement>("button")];
    const forward = (event.key === "ArrowRight") === (getComputedStyle(row).direction === "ltr");
    const at = stops.indexOf(event.target as HTMLElement);
    stops[Math.max(0, Math.min(stops.length - 1, at + (forward ? 1 : -1)))]?.focus();
  }

  function go(at: number) {
    setCurrent(at);
    const line = people[at];
    if (line === undefined) return;
    list.current?.scrollToIndex(at === 0 ? 0 : line, { align: "nearest" });
    // The row may only be drawn once the list has scrolled.
    let tries = 0;
    const focus = () => {
      const row = document.querySelector<HTMLElement>(`[data-contacts] [data-at="${at}"]`);
      if (row !== null) row.focus();
      else if (tries++ < 10) requestAnimationFrame(focus);
    };
    requestAnimationFrame(focus);
  }

  const failed = presence.isError && users.size === 0 ? presence.error : undefined;
  const loading = presence.isPending && users.size === 0;

  return (
    <aside className={styles.side} aria-label={t("nav.contacts")}>
      <div className={styles.own}>
        <span className={styles.face}>
          <Avatar name={user.display_name} id={user.id} />
          <PresenceDot userId={user.id} />
        </span>
        <span className={styles.who}>
          <strong dir="auto">{user.display_name}</strong>
          <span>
            {t("contacts.own_row", { extension: user.extension, state: me ? presenceText(me) : "" })}
          </span>
        </span>
        <IconButton
          label={t("contacts.new_conversation")}
          className={styles.compose}
          onClick={() => openNew()}
        >
          <MessageSquarePlus size={20} aria-hidden="true" />
        </IconButton>
      </div>
      <div className={styles.search}>
        <Search size={17} aria-hidden="true" />
        <label htmlFor={searchId} className="listened">
          {t("contacts.search")}
        </label>
        <input
          id={searchId}
          type="text"
          inputMode="search"
          enterKeyHint="search"
          placeholder={t("contacts.search")}
          value={typed}
          maxLength={80}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => {
            setTyped(event.target.value);
            setCurrent(0);
          }}
          onKeyDown={(event) => {
            if (event.key === "Escape") setTyped("");
            if (event.key === "ArrowDown") {
              event.preventDefault();
              go(0);
            }
          }}
        />
        {typed ? (
          <IconButton small label={t("contacts.clear_search")} onClick={() => setTyped("")}>
            <X size={16} aria-hidden="true" />
          </IconButton>
        ) : null}
      </div>
      {loading ? (
        <Loading label={t("app.loading")} />
      ) : failed !== undefined ? (
        <Empty icon={<Users size={24} />} title={t("contacts.failed")}>
          <p>{explain(failed)}</p>
          <Button onClick={() => void presence.refetch()}>{t("action.retry")}</Button>
        </Empty>
      ) : people.length === 0 ? (
        <Empty icon={<Users size={24} />} title={query ? t("contacts.nobody_found") : t("contacts.nobody")}>
          <p>{query ? t("contacts.nobody_found_hint") : t("contacts.nobody_hint")}</p>
        </Empty>
      ) : (
        <ContactList ref={list} lines={lines} chosen={chosen} take={setCurrent} move={move} />
      )}
    </aside>
  );
}

/** Favourites, colleagues, contacts; while somebody searches, a number that nobody has comes last. */
function linesOf(colleagues: Person[], others: Person[], newNumber: Person[], query: string): Line[] {
  const { compare: byWords } = new Intl.Collator();
  const compare = (a: Person, b: Person) => byWords(a.name, b.name);
  const wanted = (people: Person[]) => (query ? people.filter((one) => matches(one, query)) : people);
  const groups: [string, Person[]][] = [
    [t("contacts.favourites"), wanted(others.filter((one) => one.favourite))],
    [t("contacts.colleagues"), wanted(colleagues).sort(compare)],
    [t("contacts.contacts"), wanted(others.filter((one) => !one.favourite))],
    [t("contacts.new_number"), newNumber],
  ];
  const lines: Line[] = [];
  let at = 0;
  for (const [heading, people] of groups) {
    if (people.length === 0) continue;
    lines.push({ key: heading, heading });
    for (const person of people) lines.push({ key: person.key, person, at: at++ });
  }
  return lines;
}

/** A whole number that was typed and nobody has. */
function useNewNumber(query: string): Person[] {
  const asked = /^[+()\d\s./-]{5,}$/.test(query);
  const found = useQuery({
    queryKey: ["directory", query, 3],
    enabled: asked,
    staleTime: 60_000,
    queryFn: ({ signal }) =>
      ok(api.GET("/v1/directory", { params: { query: { q: query, limit: 3 } }, signal })),
  });
  return useMemo(
    () =>
      asked ? (found.data?.items ?? []).filter((one) => one.kind === "new_number").flatMap(hitPersons) : [],
    [asked, found.data],
  );
}
