import { type ComponentType, lazy, Suspense, useEffect, useLayoutEffect } from "react";
import { Route, Switch, useLocation } from "wouter";
import { t } from "../../core/i18n";
import { goLive } from "../../core/live";
import { afterPeople } from "../../core/people";
import { useMe } from "../../core/session";
import { forgetWindows, restoreWindows } from "../../core/windows";
import { Boundary } from "../../ui/Boundary";
import { buttonClass } from "../../ui/Button";
import { Empty, Loading } from "../../ui/Empty";
import { later } from "../../ui/later";
import { pages } from "../pages";
import { LinkState } from "./LinkState";
import { Nav } from "./Nav";
import { NewVersion } from "./NewVersion";
import styles from "./Shell.module.css";

// Fetched at once, beside the first scripts rather than in them, and there before the first page is drawn:
// what React has to wait for it shows up to 300 ms late.
const loadingContacts = import("../contacts/Contacts");
let Contacts: ComponentType = lazy(() => loadingContacts.then((module) => ({ default: module.Contacts })));
export const contactsLoaded = loadingContacts.then(
  (module) => {
    Contacts = module.Contacts;
  },
  () => undefined,
);
const AccountMenu = later(() =>
  afterPeople.then(() => import("./AccountMenu")).then((module) => ({ default: module.AccountMenu })),
);
const Conversations = lazy(() =>
  afterPeople.then(() => import("../conversations")).then((module) => ({ default: module.Conversations })),
);

const Keys = later(() => import("./Keys").then((module) => ({ default: module.Keys })), "nothing");

/** What stands around every page: bar, pages, contacts, and the docked conversations. */
export function Shell() {
  const { me, user } = useMe();
  const [path] = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: where it begins; it keeps its own place from then on
  useEffect(() => goLive(me.events_cursor), []);
  // Before anybody can click: what is opened while the dock is still being loaded joins what was there.
  useLayoutEffect(() => {
    restoreWindows(user.id);
    return forgetWindows;
  }, [user.id]);

  return (
    <div className={styles.shell} data-contacts={path === "/contacts" ? "page" : "side"}>
      <a className={styles.skip} href="#page">
        {t("app.skip")}
      </a>
      <header className={styles.bar}>
        <span className={styles.brand}>
          <img src="/icon.svg" alt="" width={28} height={28} />
          <span>{t("app.name")}</span>
        </span>
        <LinkState />
        <NewVersion />
        <Suspense fallback={<span className={styles.accountPlace} />}>
          <AccountMenu />
        </Suspense>
      </header>
      <Nav pages={pages.filter((page) => page.visible?.(me) ?? true)} />
      <main className={styles.page} id="page" tabIndex={-1} data-region="">
        <Boundary key={path}>
          <Suspense fallback={<Loading label={t("app.loading")} />}>
            <Switch>
              {pages.flatMap((page) =>
                page.paths.map((one) => <Route key={one} path={one} component={page.component} />),
              )}
              <Route path="/contacts">{null}</Route>
              <Route>
                <Empty title={t("app.not_found")}>
                  <p>{t("app.not_found_hint")}</p>
                  <a className={buttonClass()} href="/">
                    {t("app.home")}
                  </a>
                </Empty>
              </Route>
            </Switch>
          </Suspense>
        </Boundary>
      </main>
      <Boundary>
        <Suspense fallback={null}>
          <Contacts />
        </Suspense>
      </Boundary>
      <Boundary>
        <Suspense fallback={null}>
          <Conversations />
        </Suspense>
      </Boundary>
      <Suspense fallback={null}>
        <Keys />
      </Suspense>
    </div>
  );
}
