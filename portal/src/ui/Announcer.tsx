import { useAnnouncer } from "../core/announcer";

/** The page's only live region; see `announce`. A space more or less makes the same sentence news again. */
export function Announcer() {
  const { text, turn } = useAnnouncer();
  return (
    <div className="listened" role="status" aria-live="polite" aria-atomic="true" data-testid="announcer">
      {turn % 2 ? `${text} ` : text}
    </div>
  );
}
