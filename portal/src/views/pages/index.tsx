/**
 * The pages there are. Each is a chunk of its own, loaded when it is opened.
 *
 * A new page: its component in a folder beside this file, its texts in `locales/<language>/pages.json`, and an entry here.
 */
import { Building2, House, MessagesSquare, Phone, Settings } from "lucide-react";
import { type ComponentType, lazy, Suspense } from "react";
import { Route, Switch } from "wouter";
import type { Me } from "../../core/api";
import type { Key } from "../../core/i18n";
import { later } from "../../ui/later";

export type Page = {
  /** Where the link in the list of pages leads. */
  href: string;
  /** All addresses that it draws, as wouter writes them: `/messages/:id`. */
  paths: string[];
  label: Key;
  icon: ComponentType<{ size?: number; "aria-hidden"?: "true" }>;
  component: ComponentType;
  /** Something small at the link, such as a count. */
  badge?: ComponentType;
  /** Who gets to see the link; everybody where it is missing. */
  visible?: (me: Me) => boolean;
};

const Messages = lazy(() => import("./messages/Messages").then((module) => ({ default: module.Messages })));
const HistoryPage = lazy(() =>
  import("./history/HistoryPage").then((module) => ({ default: module.HistoryPage })),
);

const LateMessagesBadge = later(
  () => import("./parts/Badges").then((module) => ({ default: module.MessagesBadge })),
  "nothing",
);
const LateCallsBadge = later(
  () => import("./parts/Badges").then((module) => ({ default: module.CallsBadge })),
  "nothing",
);

/** Counts come when they come; the links do not wait for them. */
const MessagesBadge = () => (
  <Suspense fallback={null}>
    <LateMessagesBadge />
  </Suspense>
);
const CallsBadge = () => (
  <Suspense fallback={null}>
    <LateCallsBadge />
  </Suspense>
);

/** The list of messages, or the history of one conversation. */
function AnyMessages() {
  return (
    <Switch>
      <Route path="/messages/:id" component={HistoryPage} />
      <Route component={Messages} />
    </Switch>
  );
}

export const pages: Page[] = [
  {
    href: "/",
    paths: ["/"],
    label: "nav.home",
    icon: House,
    component: lazy(() => import("./home/Home").then((module) => ({ default: module.Home }))),
  },
  {
    href: "/messages",
    paths: ["/messages", "/messages/:id"],
    label: "nav.messages",
    icon: MessagesSquare,
    badge: MessagesBadge,
    component: AnyMessages,
  },
  {
    href: "/calls",
    paths: ["/calls"],
    label: "nav.calls",
    icon: Phone,
    badge: CallsBadge,
    component: lazy(() => import("./calls/Calls").then((module) => ({ default: module.Calls }))),
  },
  {
    href: "/settings",
    paths: ["/settings"],
    label: "nav.settings",
    icon: Settings,
    component: lazy(() => import("./settings/Settings").then((module) => ({ default: module.Settings }))),
  },
  {
    href: "/office",
    paths: ["/office"],
    label: "nav.office",
    icon: Building2,
    visible: (me) => me.scope !== "basic_user",
    component: lazy(() => import("./office/Office").then((module) => ({ default: module.Office }))),
  },
];
