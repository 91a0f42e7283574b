"""Notifications, put together."""

from __future__ import annotations

from collections.abc import Callable

from engine.adapters.mail import SmtpMailer
from engine.adapters.web_push import WebPush
from engine.clock import Clock
from engine.notifications.mailing import Mailing
from engine.notifications.ports import Names
from engine.notifications.preferences import Preferences, Threads
from engine.notifications.pushing import Pushes
from engine.notifications.service import Notifications
from engine.notifications.settings import MailSettings, NotificationsSettings
from engine.notifications.subscriptions import Subscriptions
from engine.notifications.telling import TOLD_BY_MAIL, Telling
from engine.outbound import Outbound
from engine.sealing import Sealer
from engine.storage.database import Database
from engine.storage.mail_digests import SqlMailQueue
from engine.storage.notifications import SqlNotifications


def make_notifications(
    database: Database,
    sealer: Sealer,
    outbound: Outbound,
    threads: Threads,
    names: Names,
    clock: Clock,
    settings: NotificationsSettings,
    mail: MailSettings,
    *,
    public_url: str | None,
    plain_http: bool,
    quiet: Callable[[str], bool],
) -> Notifications:
    """quiet: whether a user wants no notifications right now. public_url: where the API is reached from
    outside. plain_http: push services may be without TLS, where the networks they are in are allowed.
    """
    store = SqlNotifications(database, sealer)
    push_service = WebPush(store, outbound, clock, _contact(settings, mail, public_url))
    pushes = Pushes(store, push_service)
    mailing = None
    if mail.configured:
        mailing = Mailing(
            store,
            SqlMailQueue(database),
            names,
            SmtpMailer(mail, clock),
            clock,
            portal_url=settings.portal_url or public_url,
            api_url=public_url,
            told_by_mail=TOLD_BY_MAIL,
        )
    telling = Telling(store, names, pushes, mailing, clock, acknowledge_s=settings.acknowledge_s, quiet=quiet)
    return Notifications(
        Preferences(store, threads),
        Subscriptions(store, plain_http=plain_http),
        telling,
        push_service,
        mailing,
    )


def _contact(settings: NotificationsSettings, mail: MailSettings, public_url: str | None) -> str | None:
    """Whom a push service may write to: what is set for that, else a mailbox, else a page of ours."""
    if settings.push_contact is not None:
        return settings.push_contact
    if mail.configured:
        return f"mailto:{mail.sender}"
    pages = (settings.portal_url, public_url)
    return next((url for url in pages if url is not None and url.startswith("https:")), None)
