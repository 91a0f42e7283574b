import { Search } from "lucide-react";
import type { ReactNode } from "react";
import { TextField } from "../../../ui/Fields";
import messages from "../messages/Messages.module.css";
import parts from "../parts/Parts.module.css";

/** Above a list: what narrows it, and what can be done. */
export function Bar({
  label,
  typed,
  type,
  children,
}: {
  label: string;
  typed: string;
  type: (text: string) => void;
  children?: ReactNode;
}) {
  return (
    <div className={parts.filters}>
      <span className={messages.search}>
        <Search size={17} aria-hidden="true" />
        <TextField
          label={label}
          placeholder={label}
          type="search"
          maxLength={80}
          value={typed}
          onChange={(event) => type(event.target.value)}
        />
      </span>
      {children ? <span className={parts.row}>{children}</span> : null}
    </div>
  );
}
