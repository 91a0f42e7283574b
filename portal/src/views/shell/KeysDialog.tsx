import { Fragment } from "react";
import { type Key, t } from "../../core/i18n";
import { usePreferences } from "../../core/preferences";
import { isMac, overlay } from "../../core/shortcuts";
import { Dialog } from "../../ui/Dialog";
import styles from "./KeysDialog.module.css";

/** Ways to do one thing; keys of one way are pressed together. */
type Line = { ways: string[][]; does: Key };

/** All keys there are. The single letters are missing where somebody has turned them off. */
export function KeysDialog() {
  const { letterKeys, sendWith } = usePreferences();
  const command = isMac() ? "⌘" : t("key.ctrl");
  const shift = t("key.shift");
  const enter = t("key.enter");
  const letter = (key: string) => (letterKeys ? [[key]] : []);
  const send = sendWith === "enter" ? [enter] : [command, enter];
  const begin = sendWith === "enter" ? [shift, enter] : [enter];
  const parts: [Key, Line[]][] = [
    [
      "keys.everywhere",
      [
        { ways: [["F6"], [shift, "F6"]], does: "keys.part" },
        { ways: [[command, "K"]], does: "keys.switch" },
        { ways: [[command, "J"], ...letter("J")], does: "keys.unread" },
        ...(letterKeys
          ? [
              { ways: letter("N"), does: "keys.new" as const },
              { ways: letter("/"), does: "keys.search" as const },
            ]
          : []),
        { ways: [[command, "/"], ...letter("?")], does: "keys.keys" },
      ],
    ],
    [
      "keys.contacts",
      [
        { ways: [["↓"]], does: "keys.first_found" },
        { ways: [["↑"], ["↓"]], does: "keys.person" },
        { ways: [["→"], ["←"]], does: "keys.person_buttons" },
        { ways: [[enter]], does: "keys.open" },
      ],
    ],
    [
      "keys.conversation",
      [
        { ways: [send], does: "keys.send" },
        { ways: [begin], does: "keys.line" },
        { ways: [["↑"]], does: "keys.edit_last" },
        { ways: [[t("key.escape")]], does: "keys.escape" },
      ],
    ],
    [
      "keys.messages",
      [
        { ways: [["↑"], ["↓"]], does: "keys.message" },
        { ways: [[enter]], does: "keys.into" },
        { ways: [["→"], ["←"]], does: "keys.actions" },
        { ways: [[t("key.escape")]], does: "keys.out" },
      ],
    ],
  ];
  return (
    <Dialog title={t("keys.title")} wide close={() => overlay("none")}>
      <div className={styles.parts}>
        {parts.map(([heading, lines]) => (
          <section key={heading} aria-label={t(heading)}>
            <h3>{t(heading)}</h3>
            <dl className={styles.lines}>
              {lines.map(({ ways, does }) => (
                <div key={does}>
                  <dt>
                    {ways.map((way, at) => (
                      <Fragment key={way.join()}>
                        {at > 0 ? <span>{t("keys.or")}</span> : null}
                        <span dir="ltr">
                          {way.map((key) => (
                            <kbd key={key}>{key}</kbd>
                          ))}
                        </span>
                      </Fragment>
                    ))}
                  </dt>
                  <dd>{t(does)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p className={styles.note}>{t(letterKeys ? "keys.letters_on" : "keys.letters_off")}</p>
    </Dialog>
  );
}
