import { useQuery } from "@tanstack/react-query";
import Database from "emoji-picker-element/database";
import germanData from "emoji-picker-element-data/de/cldr/data.json?url";
import englishData from "emoji-picker-element-data/en/cldr/data.json?url";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { type Key, type Language, t, useLanguage } from "../../core/i18n";
import { Empty, Loading } from "../../ui/Empty";
import styles from "./Composer.module.css";

const DATA: Record<Language, string> = { en: englishData, de: germanData };
const GROUPS: [number, string][] = [
  [0, "😀"],
  [1, "👋"],
  [3, "🐻"],
  [4, "🍎"],
  [5, "🚗"],
  [6, "⚽"],
  [7, "💡"],
  [8, "❤️"],
  [9, "🏳️"],
];

const databases = new Map<Language, Database>();

/** Words for emoji come from this server, and stay in the browser. */
function database(language: Language): Database {
  let one = databases.get(language);
  if (one === undefined) {
    one = new Database({ locale: language, dataSource: DATA[language] });
    databases.set(language, one);
  }
  return one;
}

type Emoji = { unicode: string; annotation: string };

/** Emoji by kind and by word. Arrows move in the grid, Escape closes it. */
export function EmojiPicker({ pick, close }: { pick: (emoji: string) => void; close: () => void }) {
  const language = useLanguage((store) => store.language);
  const [group, setGroup] = useState(0);
  const [typed, setTyped] = useState("");
  const search = useRef<HTMLInputElement>(null);
  const grid = useRef<HTMLDivElement>(null);
  const wanted = typed.trim();
  const { data, isPending, isError } = useQuery({
    queryKey: ["emoji", language, wanted || group],
    queryFn: async (): Promise<Emoji[]> => {
      const found = await (wanted.length > 1
        ? database(language).getEmojiBySearchQuery(wanted)
        : database(language).getEmojiByGroup(group));
      return found.flatMap((one) =>
        "unicode" in one ? [{ unicode: one.unicode, annotation: one.annotation }] : [],
      );
    },
  });
  useEffect(() => search.current?.focus(), []);

  function moved(event: KeyboardEvent<HTMLDivElement>) {
    const all = [...(grid.current?.querySelectorAll<HTMLElement>("button") ?? [])];
    const at = all.indexOf(event.target as HTMLElement);
    const first = all[0];
    if (at < 0 || first === undefined) return;
    const columns = all.findIndex((one) => one.offsetTop > first.offsetTop);
    const row = columns > 0 ? columns : all.length;
    const side = getComputedStyle(first).direction === "rtl" ? -1 : 1;
    const steps: Record<string, number> = {
      ArrowRight: side,
      ArrowLeft: -side,
      ArrowDown: row,
      ArrowUp: -row,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    all[Math.max(0, Math.min(all.length - 1, at + step))]?.focus();
  }

  return (
    <section
      className={styles.panel}
      aria-label={t("compose.emoji")}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        close();
      }}
    >
      <input
        ref={search}
        type="text"
        aria-label={t("emoji.search")}
        placeholder={t("emoji.search")}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown") return;
          event.preventDefault();
          grid.current?.querySelector("button")?.focus();
        }}
      />
      {wanted ? null : (
        <div className={styles.groups} role="toolbar" aria-label={t("emoji.groups")}>
          {GROUPS.map(([one, face]) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === group}
              aria-label={t(`emoji.group_${one}` as Key)}
              title={t(`emoji.group_${one}` as Key)}
              onClick={() => setGroup(one)}
            >
              {face}
            </button>
          ))}
        </div>
      )}
      {isError ? (
        <Empty title={t("emoji.failed")} />
      ) : isPending ? (
        <Loading label={t("emoji.loading")} />
      ) : data.length === 0 ? (
        <Empty title={t("emoji.none")} />
      ) : (
        // biome-ignore lint/a11y/noStaticElementInteractions: the buttons inside are what is focused
        <div className={styles.grid} ref={grid} onKeyDown={moved}>
          {data.map((one, at) => (
            <button
              key={one.unicode}
              type="button"
              tabIndex={at === 0 ? 0 : -1}
              aria-label={one.annotation}
              title={one.annotation}
              onClick={() => pick(one.unicode)}
            >
              {one.unicode}
            </button>
          ))}
        </div>
      )}
    </section>
  );
}
