import { Menu } from "@base-ui/react/menu";
import { ArrowLeft, Download, MessageSquare, Phone, Search, Smartphone } from "lucide-react";
import { useDeferredValue, useEffect, useState } from "react";
import { Link, useParams, useSearchParams } from "wouter";
import { placeCall } from "../../../core/calls";
import { useConversation } from "../../../core/conversations";
import type { Sort } from "../../../core/history";
import { listText, t } from "../../../core/i18n";
import { conversationTitle, counterpart, numberShown, peerName } from "../../../core/naming";
import { useMe } from "../../../core/session";
import { openConversation } from "../../../core/windows";
import { Button, buttonClass, IconButton, iconButtonClass } from "../../../ui/Button";
import { Select, TextField } from "../../../ui/Fields";
import menu from "../../../ui/Menu.module.css";
import { Found } from "../messages/Found";
import message from "../messages/Messages.module.css";
import { Loaded } from "../parts/Loaded";
import { MenuPopup } from "../parts/MenuPopup";
import parts from "../parts/Parts.module.css";
import styles from "./History.module.css";
import { Past } from "./Past";

const FORMATS = ["json", "csv", "pdf"] as const;

/** Everything that was said and happened between people, to be searched, read and taken along. */
export function HistoryPage() {
  const { id = "" } = useParams<{ id: string }>();
  const { user } = useMe();
  const [parameters, setParameters] = useSearchParams();
  const at = parameters.get("at");
  const query = useConversation(id);
  const [typed, setTyped] = useState("");
  const asked = useDeferredValue(typed.trim());
  const [sort, setSort] = useState<Sort>("all");
  const [day, setDay] = useState("");
  // Whoever follows something that was found has found it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a link to a message ends the search
  useEffect(() => setTyped(""), [at]);

  return (
    <div className={styles.page}>
      <Loaded query={query}>
        {() => {
          const conversation = query.data;
          if (conversation === undefined) return null;
          const name = conversationTitle(conversation, user.id);
          const other = counterpart(conversation, user.id);
          return (
            <>
              <header className={styles.head}>
                <Link
                  href="/messages?tab=written"
                  className={iconButtonClass()}
                  aria-label={t("history.back")}
                >
                  <ArrowLeft size={20} aria-hidden="true" className={styles.turns} />
                </Link>
                <div className={styles.title}>
                  <h1>
                    <bdi>{name}</bdi>
                  </h1>
                  <p className={parts.hint}>
                    {conversation.kind === "chat"
                      ? t("history.chat", {
                          people: listText(conversation.members.map((one) => one.name || one.extension)),
                        })
                      : t("history.sms", {
                          number: numberShown(conversation.number ?? ""),
                          people: listText(conversation.contacts.map(peerName)),
                        })}
                  </p>
                </div>
                <div className={styles.actions}>
                  {other ? (
                    <IconButton
                      label={t("contacts.call", { name })}
                      onClick={() => void placeCall(other.dial, name)}
                    >
                      <Phone size={19} aria-hidden="true" />
                    </IconButton>
                  ) : null}
                  <IconButton label={t("messages.open", { name })} onClick={() => openConversation(id)}>
                    {conversation.kind === "sms" ? (
                      <Smartphone size={19} aria-hidden="true" />
                    ) : (
                      <MessageSquare size={19} aria-hidden="true" />
                    )}
                  </IconButton>
                  <Export id={id} />
                </div>
              </header>
              <form
                className={styles.filters}
                onSubmit={(event) => event.preventDefault()}
                aria-label={t("history.filters")}
              >
                <span className={message.search}>
                  <Search size={17} aria-hidden="true" />
                  <TextField
                    label={t("history.search")}
                    type="search"
                    maxLength={200}
                    value={typed}
                    placeholder={t("history.search")}
                    onChange={(event) => setTyped(event.target.value)}
                  />
                </span>
                <Select
                  inline
                  label={t("messages.show")}
                  value={sort}
                  options={{
                    all: t("history.all"),
                    messages: t("history.messages"),
                    calls: t("history.calls"),
                    voicemails: t("history.voicemails"),
                    files: t("history.files"),
                  }}
                  choose={(value) => setSort(value as Sort)}
                />
                <TextField
                  className={styles.day ?? ""}
                  label={t("history.jump")}
                  type="date"
                  max={new Date().toISOString().slice(0, 10)}
                  min={conversation.created_at.slice(0, 10)}
                  value={day}
                  onChange={(event) => setDay(event.target.value)}
                />
                {at || day ? (
                  <Button
                    look="quiet"
                    onClick={() => {
                      setDay("");
                      setParameters({}, { replace: true });
                    }}
                  >
                    {t("history.to_end")}
                  </Button>
                ) : null}
              </form>
              {asked ? (
                <Found asked={asked} conversationId={id} />
              ) : (
                <Past
                  key={`${id} ${at ?? ""} ${sort} ${sort === "all" ? day : ""}`}
                  conversation={conversation}
                  at={at}
                  sort={sort}
                  day={day}
                />
              )}
            </>
          );
        }}
      </Loaded>
    </div>
  );
}

function Export({ id }: { id: string }) {
  return (
    <Menu.Root>
      <Menu.Trigger className={buttonClass()}>
        <Download size={17} aria-hidden="true" />
        <span className={styles.wideOnly}>{t("history.export")}</span>
        <span className={styles.narrowOnly}>
          <span className="listened">{t("history.export")}</span>
        </span>
      </Menu.Trigger>
      <MenuPopup>
        {FORMATS.map((format) => (
          <Menu.Item
            key={format}
            className={menu.item ?? ""}
            render={<a href={`/v1/conversations/${id}:export?format=${format}`} download />}
          >
            {t(`history.export_${format}`)}
          </Menu.Item>
        ))}
      </MenuPopup>
    </Menu.Root>
  );
}
