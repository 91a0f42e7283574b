import { t } from "../../../core/i18n";
import { useMissed } from "../../../core/missed";
import { PageHead } from "../parts/PageHead";
import { Tabs } from "../parts/Tabs";
import { Threads } from "./Threads";
import { Voicemails } from "./Voicemails";

/** Voicemail, and everything that was written. */
export function Messages() {
  const missed = useMissed().data;
  const written = (missed?.chats.conversations ?? 0) + (missed?.texts.conversations ?? 0);
  return (
    <>
      <PageHead title={t("nav.messages")} />
      <Tabs
        label={t("nav.messages")}
        tabs={[
          {
            id: "voicemail",
            label: t("messages.voicemail"),
            count: missed?.voicemails.count,
            panel: () => <Voicemails />,
          },
          { id: "written", label: t("messages.written"), count: written, panel: () => <Threads /> },
        ]}
      />
    </>
  );
}
