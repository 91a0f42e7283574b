import styles from "./Message.module.css";

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`{}|\\^]+/giu;
const ONLY_EMOJI =
  /^(?:\p{Extended_Pictographic}(?:️|\p{Emoji_Modifier}|‍\p{Extended_Pictographic})*\s*){1,3}$/u;

/** What somebody wrote, as text; web addresses are links. Nothing in it is ever read as HTML. */
export function RichText({ text }: { text: string }) {
  if (ONLY_EMOJI.test(text)) return <span className={styles.big}>{text}</span>;
  return (
    <span dir="auto">
      {pieces(text).map((one, at) =>
        one.link ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a text have no other name
          <a key={at} href={one.text} target="_blank" rel="noopener noreferrer nofollow">
            {one.text}
          </a>
        ) : (
          one.text
        ),
      )}
    </span>
  );
}

/** The text cut at its web addresses. What ends a sentence is not part of an address. */
export function pieces(text: string): { text: string; link: boolean }[] {
  const found: { text: string; link: boolean }[] = [];
  let at = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = match[0].replace(/[.,;:!?)\]]+$/u, "");
    if (!URL.canParse(address)) continue;
    if (match.index > at) found.push({ text: text.slice(at, match.index), link: false });
    found.push({ text: address, link: true });
    at = match.index + address.length;
  }
  if (at < text.length) found.push({ text: text.slice(at), link: false });
  return found;
}
