import { Users } from "lucide-react";
import { Link, useLocation } from "wouter";
import { t } from "../../core/i18n";
import type { Page } from "../pages";
import styles from "./Nav.module.css";

/** The pages there are. On a phone, contacts are one of them; elsewhere they stand beside every page. */
export function Nav({ pages }: { pages: Page[] }) {
  const [path] = useLocation();
  const current = (page: Page) =>
    page.paths.some((one) => (one === "/" ? path === "/" : path.startsWith(one.split("/:")[0] ?? one)));
  return (
    <nav className={styles.nav} data-region="" aria-label={t("nav.label")}>
      <ul>
        {pages.map((page) => (
          <li key={page.href}>
            <Link href={page.href} aria-current={current(page) ? "page" : undefined} className={styles.link}>
              <page.icon size={21} aria-hidden="true" />
              <span>{t(page.label)}</span>
              {page.badge ? <page.badge /> : null}
            </Link>
          </li>
        ))}
        <li className={styles.phone}>
          <Link
            href="/contacts"
            aria-current={path === "/contacts" ? "page" : undefined}
            className={styles.link}
          >
            <Users size={21} aria-hidden="true" />
            <span>{t("nav.contacts")}</span>
          </Link>
        </li>
      </ul>
    </nav>
  );
}
