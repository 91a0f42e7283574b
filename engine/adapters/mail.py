"""Mail over SMTP. Only importer of aiosmtplib.

Every header is made here from checked parts, and the policy of the message refuses line breaks, so that
nothing anybody wrote becomes a header.
Source: RFC 5321, RFC 5322, RFC 8058 (one click ends mails), RFC 3834 (automatic mail).
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as MAIL_POLICY
from email.utils import format_datetime

import aiosmtplib

from engine.clock import Clock
from engine.errors import OutcomeUnknown, PeerRejected, PeerUnavailable
from engine.notifications.models import Mail
from engine.notifications.settings import MailSettings


class SmtpMailer:
    """Implements `Mailer`; one connection a mail."""

    def __init__(self, settings: MailSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._tls = ssl.create_default_context()
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.ca_file is not None:
            self._tls.load_verify_locations(settings.ca_file)

    async def send(self, mail: Mail) -> None:
        """See `Mailer.send`."""
        settings = self._settings
        message = self.message(mail)
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",  # refused, not skipped, by a server without it
            tls_context=self._tls,
            username=settings.username or None,
            password=settings.password or None,
            timeout=settings.timeout_s,
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise _unavailable(error) from error
        try:
            await client.send_message(message, sender=settings.sender, recipients=[mail.to])
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _by_status(error.recipients[0].code) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _by_status(error.code) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise OutcomeUnknown(
                "The mail server was lost on the way.", code="mail_outcome_unknown"
            ) from error
        finally:
            client.close()

    def message(self, mail: Mail) -> EmailMessage:
        """The mail as it goes out. Raises ValueError for a part no header may hold."""
        settings = self._settings
        message = EmailMessage(policy=MAIL_POLICY)
        user, _, host = settings.sender.rpartition("@")
        message["From"] = Address(settings.sender_name, user, host)
        user, _, its_host = mail.to.rpartition("@")
        message["To"] = Address(_shown_name(mail.name), user, its_host)
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC))
        message["Message-ID"] = f"<{mail.mail_id}@{host}>"
        message["Auto-Submitted"] = "auto-generated"
        if mail.end_link is not None:
            message["List-Unsubscribe"] = f"<{mail.end_link}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        return message


#: With its quotes it fits into one line: a longer one is folded without them, and a colon or comma in it
#: would make another list of addresses (email.headerregistry of Python 3.11 to 3.13).
_MOST_NAME_CHARACTERS = 60


def _shown_name(name: str) -> str:
    kept = [one if one.isprintable() and one not in '"\\' else " " for one in name]
    return "".join(kept[:_MOST_NAME_CHARACTERS]).strip()


def _by_status(status: int) -> PeerRejected | PeerUnavailable:
    """Source: RFC 5321 §4.2.1: 4yz may pass later, 5yz never will."""
    if 500 <= status < 600:
        return PeerRejected(
            "The mail server refused the mail.", code="mail_refused", native={"status": status}
        )
    return PeerUnavailable(
        "The mail server cannot take it now.", code="mail_later", native={"status": status}
    )


def _unavailable(error: Exception) -> PeerUnavailable:
    code = "mail_server_unavailable"
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        code = "mail_login_refused"  # for the operator: later means after the configuration was mended
    return PeerUnavailable("The mail server cannot be used.", code=code)
