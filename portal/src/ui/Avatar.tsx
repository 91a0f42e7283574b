import styles from "./Avatar.module.css";

/** Letters for a face. It repeats the name beside it, so it says nothing to those who listen. */
export function Avatar({ name, id, size = 36 }: { name: string; id: string; size?: number }) {
  return (
    <span
      className={styles.avatar}
      data-hue={hue(id)}
      data-size={size > 38 ? "l" : size < 32 ? "s" : "m"}
      aria-hidden="true"
    >
      {initials(name)}
    </span>
  );
}

export function initials(name: string): string {
  const words = name
    .trim()
    .split(/[\s._-]+/)
    .filter((one) => /\p{L}/u.test(one));
  const first = words[0];
  if (first === undefined) return "#";
  const last = words.length > 1 ? words[words.length - 1] : undefined;
  return (letter(first) + (last === undefined ? "" : letter(last))).toUpperCase();
}

const letter = (word: string) => /\p{L}\p{M}*/u.exec(word)?.[0] ?? "";

/** One of eight, always the same for the same person. */
function hue(id: string): number {
  let sum = 0;
  for (const one of id) sum = (sum * 31 + (one.codePointAt(0) ?? 0)) % 9973;
  return sum % 8;
}
