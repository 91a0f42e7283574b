import { File } from "lucide-react";
import type { Message } from "../../core/api";
import { octetsText, t } from "../../core/i18n";
import styles from "./Message.module.css";

/** The files of a message: images small, the rest by name. */
export function Attachments({ files }: { files: Message["attachments"] }) {
  if (files.length === 0) return null;
  return (
    <div className={styles.files}>
      {files.map((one) => {
        if (one.state !== "ready") {
          return (
            <span key={one.id} className={styles.file}>
              <File size={18} aria-hidden="true" />
              <bdi>{t("file.gone", { name: one.filename })}</bdi>
            </span>
          );
        }
        const address = `/v1/attachments/${one.id}/content`;
        const size = one.width && one.height ? { width: one.width, height: one.height } : {};
        return one.thumbnail ? (
          <a key={one.id} href={address} target="_blank" rel="noopener noreferrer">
            <img src={`/v1/attachments/${one.id}/thumbnail`} alt={one.filename} loading="lazy" {...size} />
          </a>
        ) : (
          <a key={one.id} className={styles.file} href={address} download={one.filename}>
            <File size={18} aria-hidden="true" />
            <bdi>{t("file.named", { name: one.filename, size: octetsText(one.octets) })}</bdi>
          </a>
        );
      })}
    </div>
  );
}
