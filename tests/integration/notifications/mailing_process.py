"""An engine as far as mail needs one, for `test_killed`: sends what is due, says so, and goes on.

Arguments: database URL, port of the mail server, by how many milliseconds its clock is ahead.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass

from engine.accounts.access import sees_domain
from engine.adapters.mail import SmtpMailer
from engine.contacts.directory import Directory
from engine.notifications.mailing import Mailing
from engine.notifications.settings import MailSettings
from engine.notifications.telling import TOLD_BY_MAIL
from engine.sealing import Sealer
from engine.storage.contacts import SqlContactStore
from engine.storage.database import Database
from engine.storage.mail_digests import SqlMailQueue
from engine.storage.notifications import SqlNotifications


@dataclass
class ClockAhead:
    ms: int

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.ms

    def monotonic(self) -> float:
        return time.monotonic()


async def main(url: str, port: int, ahead_ms: int) -> None:
    clock = ClockAhead(ahead_ms)
    database = await Database.open(url, bus_publish=lambda events: None, clock=clock)
    mail = MailSettings(host="localhost", port=port, security="none", sender="ringback@example.com")
    mailing = Mailing(
        SqlNotifications(database, Sealer(b"k" * 32)),
        SqlMailQueue(database),
        Directory(SqlContactStore(database), sees_domain),
        SmtpMailer(mail, clock),
        clock,
        portal_url=None,
        api_url=None,
        told_by_mail=TOLD_BY_MAIL,
    )
    await mailing.read_log()
    await mailing.send_due()
    print("sent", flush=True)
    await mailing.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
