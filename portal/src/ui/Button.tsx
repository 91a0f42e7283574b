/** Buttons: with words, or an icon alone that has a name all the same. */
import type { ComponentProps, ReactNode } from "react";
import styles from "./Button.module.css";

type Look = "plain" | "primary" | "quiet" | "danger";

export function Button({
  look = "plain",
  className = "",
  ...rest
}: ComponentProps<"button"> & { look?: Look }) {
  return <button type="button" {...rest} className={`${styles.button} ${styles[look] ?? ""} ${className}`} />;
}

/** `label` is the name for those who listen, and the tooltip. */
export function IconButton({
  label,
  className = "",
  children,
  small = false,
  ...rest
}: ComponentProps<"button"> & { label: string; small?: boolean; children: ReactNode }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={`${styles.icon} ${small ? styles.small : ""} ${className}`}
    >
      {children}
    </button>
  );
}

/** The classes alone, for what has to be another element: a link, a part of a library. */
export const buttonClass = (look: Look = "plain") => `${styles.button} ${styles[look] ?? ""}`;
export const iconButtonClass = (small = false) => `${styles.icon} ${small ? styles.small : ""}`;
