/** What became of a text, in words. */
import type { Message } from "./api";
import { hasKey, t } from "./i18n";
import { codeText } from "./problems";

const SPECIAL: Record<string, string> = { sending: "status.sending_sms", failed: "status.failed_sms" };

export function deliveryText(message: Message): string {
  if (message.direction !== "outbound" || message.to.length === 0) return "";
  const delivered = message.to.filter((one) => one.status === "delivered").length;
  if (new Set(message.to.map((one) => one.status)).size > 1) {
    return t("status.mixed", { delivered, total: message.to.length });
  }
  const key = SPECIAL[message.status] ?? `status.${message.status}`;
  const words = hasKey(key) ? t(key) : message.status;
  const error = message.to[0]?.error;
  return error ? t("status.reason", { status: words, reason: codeText(error.code, error.text) }) : words;
}

const TROUBLE = new Set([
  "undelivered",
  "partially_delivered",
  "rejected",
  "expired",
  "failed",
  "uncertain",
  "canceled",
]);
export const isTroubled = (message: Message): boolean =>
  message.direction === "outbound" && TROUBLE.has(message.status);
