import type { KeyboardEvent, Ref } from "react";
import { VList, type VListHandle } from "virtua";
import type { Line } from "./Contacts";
import styles from "./Contacts.module.css";
import { PersonRow } from "./PersonRow";

type Props = {
  ref: Ref<VListHandle>;
  lines: readonly Line[];
  /** Which of the people is the stop for Tab. */
  chosen: number;
  take: (at: number) => void;
  move: (event: KeyboardEvent<HTMLDivElement>) => void;
};

/** The lines of the sidebar; only those in sight are drawn. */
export function ContactList({ ref, lines, chosen, take, move }: Props) {
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the rows inside are what is focused
    <div className={styles.list} data-contacts="" onKeyDown={move}>
      <VList ref={ref} className={styles.scroller} tabIndex={-1}>
        {lines.map((line) =>
          "heading" in line ? (
            <h2 key={line.key} className={styles.heading}>
              {line.heading}
            </h2>
          ) : (
            <PersonRow
              key={line.key}
              person={line.person}
              at={line.at}
              current={line.at === chosen}
              take={() => take(line.at)}
            />
          ),
        )}
      </VList>
    </div>
  );
}
