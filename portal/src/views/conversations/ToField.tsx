import { Combobox } from "@base-ui/react/combobox";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { MessageSquare, Smartphone, X } from "lucide-react";
import { type RefObject, useEffect, useEffectEvent, useId, useState } from "react";
import { announce } from "../../core/announcer";
import { api, ok } from "../../core/api";
import { t } from "../../core/i18n";
import { useSettled } from "../../core/outlook";
import { hitPersons, matches, type Person } from "../../core/people";
import { useMe } from "../../core/session";
import { Avatar } from "../../ui/Avatar";
import styles from "./ToField.module.css";

type Props = {
  value: Person[];
  change: (people: Person[]) => void;
  label: string;
  container: RefObject<HTMLElement | null>;
  /** Who is in it already and cannot be added again, by key. */
  without?: readonly string[];
  takeFocus?: boolean;
};

/** Whom a message is to: people as chips, found by name, extension or number while one types. */
export function ToField({ value, change, label, container, without = [], takeFocus = false }: Props) {
  const id = useId();
  const { user } = useMe();
  const [typed, setTyped] = useState("");
  /** What Enter was pressed for before anybody was found. */
  const [hurried, setHurried] = useState<string>();
  const wanted = typed.trim();
  const query = useSettled(wanted, 120);
  const found = useQuery({
    queryKey: ["directory", query, 12],
    enabled: query !== "",
    staleTime: 30_000,
    gcTime: 60_000,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      ok(api.GET("/v1/directory", { params: { query: { q: query, limit: 12 } }, signal })),
  });
  const taken = new Set([...without, ...value.map((one) => one.key), user.id]);
  // Of what was found for fewer letters stays what has the others, too: nobody loses sight of whom they are
  // about to click, and Enter never takes somebody who was not typed.
  const current = query === wanted && !found.isPlaceholderData;
  const hits =
    wanted === ""
      ? []
      : (found.data?.items ?? [])
          .flatMap(hitPersons)
          .filter((one) => one.target && !taken.has(one.key) && (current || matches(one, wanted)));

  function changed(people: Person[]) {
    const added = people.find((one) => !value.some((each) => each.key === one.key));
    const removed = value.find((one) => !people.some((each) => each.key === one.key));
    if (added) announce(t("new.added", { name: added.name }));
    if (removed) announce(t("new.removed", { name: removed.name }));
    setTyped("");
    change(people);
  }

  const takeFirst = useEffectEvent(() => {
    setHurried(undefined);
    if (hurried === wanted && hits[0]) changed([...value, hits[0]]);
  });
  useEffect(() => {
    if (hurried !== undefined && current) takeFirst();
  }, [hurried, current]);

  return (
    <Combobox.Root
      multiple
      autoHighlight
      items={[...value, ...hits]}
      filteredItems={hits}
      filter={null}
      value={value}
      onValueChange={changed}
      inputValue={typed}
      onInputValueChange={setTyped}
      itemToStringLabel={(one: Person) => one.name}
      isItemEqualToValue={(a: Person, b: Person) => a.key === b.key}
    >
      <div className={styles.field}>
        <label htmlFor={id}>{label}</label>
        <Combobox.Chips className={styles.chips}>
          {value.map((one) => (
            <Combobox.Chip key={one.key} className={styles.chip} aria-label={one.name} data-testid="chip">
              <bdi>{one.name}</bdi>
              {one.kind === "contact" && one.label ? <span>{one.label}</span> : null}
              <Combobox.ChipRemove className={styles.remove} aria-label={t("new.remove", { name: one.name })}>
                <X size={14} aria-hidden="true" />
              </Combobox.ChipRemove>
            </Combobox.Chip>
          ))}
          <Combobox.Input
            id={id}
            className={styles.input}
            placeholder={value.length === 0 ? t("new.to_placeholder") : ""}
            aria-description={t("new.to_hint")}
            autoFocus={takeFocus}
            spellCheck={false}
            autoComplete="off"
            onKeyDown={(event) => {
              if (event.key !== "Enter" || current || hits.length > 0) return;
              event.preventBaseUIHandler(); // which would close the list before it is there
              setHurried(wanted);
            }}
          />
        </Combobox.Chips>
      </div>
      <Combobox.Portal container={container}>
        <Combobox.Positioner
          className={styles.positioner}
          sideOffset={4}
          positionMethod="fixed"
          align="start"
        >
          <Combobox.Popup className={styles.popup}>
            {hits.length === 0 && wanted !== "" ? (
              <p className={styles.none}>
                {t(found.isFetching || !current ? "new.searching" : "new.no_match")}
              </p>
            ) : null}
            <Combobox.List aria-label={label}>
              {hits.map((one) => (
                <Combobox.Item key={one.key} value={one} className={styles.item} data-testid="suggestion">
                  <Avatar name={one.name} id={one.key} size={28} />
                  <span className={styles.who}>
                    <bdi>{one.name}</bdi>
                    <span>
                      <bdi>{one.label ? `${one.label} · ${one.detail}` : one.detail}</bdi>
                    </span>
                  </span>
                  <span className={styles.leads} data-kind={one.leadsTo}>
                    {one.leadsTo === "chat" ? (
                      <MessageSquare size={14} aria-hidden="true" />
                    ) : (
                      <Smartphone size={14} aria-hidden="true" />
                    )}
                    {t(one.leadsTo === "chat" ? "window.chat" : "window.sms")}
                  </span>
                </Combobox.Item>
              ))}
            </Combobox.List>
          </Combobox.Popup>
        </Combobox.Positioner>
      </Combobox.Portal>
    </Combobox.Root>
  );
}
