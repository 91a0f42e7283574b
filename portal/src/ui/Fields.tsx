/** Form fields with their label, hint and error where listeners find them too. */
import { type ComponentProps, type ReactNode, useId } from "react";
import styles from "./Fields.module.css";

export function Alert({ children }: { children: ReactNode }) {
  return (
    <p role="alert" className={styles.alert}>
      {children}
    </p>
  );
}

type Common = { label: string; hint?: string | undefined };

export function TextField({ label, hint, className = "", ...rest }: Common & ComponentProps<"input">) {
  const id = useId();
  return (
    <div className={`${styles.field} ${className}`}>
      <label htmlFor={id}>{label}</label>
      <input id={id} className={styles.input} aria-describedby={hint ? `${id}-hint` : undefined} {...rest} />
      {hint ? (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      ) : null}
    </div>
  );
}

export function TextArea({ label, hint, ...rest }: Common & ComponentProps<"textarea">) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        className={styles.input}
        dir="auto"
        aria-describedby={hint ? `${id}-hint` : undefined}
        {...rest}
      />
      {hint ? (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      ) : null}
    </div>
  );
}

export function Select({
  label,
  hint,
  options,
  choose,
  inline = false,
  ...rest
}: Common & {
  options: Record<string, string>;
  choose: (value: string) => void;
  inline?: boolean;
} & Omit<ComponentProps<"select">, "onChange">) {
  const id = useId();
  return (
    <div className={inline ? styles.inline : styles.field}>
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        className={styles.input}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => choose(event.target.value)}
        {...rest}
      >
        {Object.entries(options).map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      {hint ? (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      ) : null}
    </div>
  );
}

/** On or off, at once or with its form. */
export function Switch({
  label,
  hint,
  change,
  ...rest
}: Common & { change: (on: boolean) => void } & Omit<ComponentProps<"input">, "onChange" | "type">) {
  const id = useId();
  return (
    <div className={styles.switch}>
      <input
        id={id}
        type="checkbox"
        // biome-ignore lint/a11y/useAriaPropsForRole: a checkbox says by itself whether it is checked
        role="switch"
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => change(event.target.checked)}
        {...rest}
      />
      <label htmlFor={id}>{label}</label>
      {hint ? (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      ) : null}
    </div>
  );
}

/** Several of a list, such as the people who use a number. */
export function Choices({
  label,
  hint,
  options,
  chosen,
  change,
}: Common & {
  options: Record<string, string>;
  chosen: readonly string[];
  change: (chosen: string[]) => void;
}) {
  return (
    <fieldset className={styles.choices}>
      <legend>{label}</legend>
      {hint ? <p className={styles.hint}>{hint}</p> : null}
      <div className={styles.choiceList}>
        {Object.entries(options).map(([value, text]) => (
          <label key={value} className={styles.choice}>
            <input
              type="checkbox"
              checked={chosen.includes(value)}
              onChange={(event) =>
                change(event.target.checked ? [...chosen, value] : chosen.filter((one) => one !== value))
              }
            />
            <span dir="auto">{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
