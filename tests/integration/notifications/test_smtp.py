"""Mail against aiosmtpd: what arrives, over which security, and what becomes of it when it is not taken."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage

import pytest

from engine.adapters.mail import SmtpMailer
from engine.clock import SystemClock
from engine.errors import EngineError, OutcomeUnknown, PeerRejected, PeerUnavailable
from engine.notifications.models import Mail
from engine.notifications.settings import MailSettings
from tests.peers.certificates import IssueCertificate
from tests.peers.smtp_server import Envelope, a_mail_server

MAIL = Mail(
    mail_id="mail_01",
    to="ada@example.com",
    name="Ada Löwe",
    subject="Unread: 1 chat message",
    text="Bob: Grüße\n.\nafter a dot\n",
    html="<p>Bob: Gr&uuml;&szlig;e</p>",
    end_link="https://phone.example.com/v1/unsubscribe?token=usr_1.ab",
)


def settings(port: int, **more: object) -> MailSettings:
    given = {"host": "localhost", "port": port, "security": "none", "sender": "ringback@example.net", **more}
    return MailSettings(**given)  # type: ignore[arg-type]


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    text: str = found.get_content()
    return text.replace("\r\n", "\n")


async def test_a_mail_arrives_as_it_was_written() -> None:
    async with a_mail_server() as server:
        await SmtpMailer(settings(server.port, sender_name="Acme; phones"), SystemClock()).send(MAIL)
        (envelope,) = server.envelopes
        assert (envelope.mail_from, envelope.rcpt_tos) == ("ringback@example.net", ["ada@example.com"])
        (mail,) = server.mails
        assert mail["From"].addresses[0].display_name == "Acme; phones"
        assert mail["From"].addresses[0].addr_spec == "ringback@example.net"
        assert (mail["To"].addresses[0].display_name, mail["To"].addresses[0].addr_spec) == (
            "Ada Löwe",
            "ada@example.com",
        )
        assert mail["Subject"] == "Unread: 1 chat message"
        assert mail["Message-ID"] == "<mail_01@example.net>"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["List-Unsubscribe"] == f"<{MAIL.end_link}>"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert mail["Date"].datetime.tzinfo is not None
        assert part(mail, "plain") == MAIL.text
        assert part(mail, "html").strip() == MAIL.html


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_security_and_log_in_are_what_was_asked_for(
    security: str, issue_certificate: IssueCertificate
) -> None:
    issued = issue_certificate("localhost")
    tls = issued.server_context()
    offered = {"starttls": tls} if security == "starttls" else {"tls": tls}
    async with a_mail_server(**offered, login=True) as server:
        given = {"security": security, "username": "ringback", "ca_file": issued.authority}
        await SmtpMailer(settings(server.port, **given, password="right"), SystemClock()).send(MAIL)
        assert server.encrypted == [True]
        assert server.logins == [(b"ringback", b"right")]
        with pytest.raises(PeerUnavailable) as refusal:
            await SmtpMailer(settings(server.port, **given, password="wrong"), SystemClock()).send(MAIL)
        assert refusal.value.code == "mail_login_refused"
        assert "wrong" not in refusal.value.detail
        assert len(server.envelopes) == 1


async def test_nothing_goes_out_in_clear_where_tls_was_asked_for(issue_certificate: IssueCertificate) -> None:
    async with a_mail_server() as server:  # offers no STARTTLS
        with pytest.raises(PeerUnavailable):
            await SmtpMailer(settings(server.port, security="starttls"), SystemClock()).send(MAIL)
        assert server.envelopes == []
    stranger = issue_certificate("localhost")
    async with a_mail_server(starttls=stranger.server_context()) as server:  # nobody we trust vouches for it
        with pytest.raises(PeerUnavailable):
            await SmtpMailer(settings(server.port, security="starttls"), SystemClock()).send(MAIL)
        assert server.envelopes == []


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ("550 no such mailbox", PeerRejected, "mail_refused"),
        ("452 mailbox full", PeerUnavailable, "mail_later"),
    ],
)
@pytest.mark.parametrize("stage", ["recipient", "data"])
async def test_what_the_server_says_decides_whether_it_is_tried_again(
    answer: str, kind: type[EngineError], code: str, stage: str
) -> None:
    async def says(_: Envelope) -> str:
        return answer

    async with a_mail_server() as server:
        if stage == "recipient":
            server.refused_recipients = answer
        else:
            server.answer = says
        with pytest.raises(kind) as refusal:
            await SmtpMailer(settings(server.port), SystemClock()).send(MAIL)
        assert refusal.value.code == code
        assert refusal.value.native == {"status": int(answer[:3])}


async def test_a_server_that_is_not_there_is_tried_again() -> None:
    async with a_mail_server() as server:
        port = server.port
    with pytest.raises(PeerUnavailable) as refusal:
        await SmtpMailer(settings(port), SystemClock()).send(MAIL)
    assert refusal.value.code == "mail_server_unavailable"


async def test_a_server_lost_after_the_mail_leaves_the_outcome_open() -> None:
    async with a_mail_server() as server:
        server.vanishes = True
        with pytest.raises(OutcomeUnknown):
            await SmtpMailer(settings(server.port), SystemClock()).send(MAIL)
        assert len(server.envelopes) == 1


@pytest.mark.parametrize(
    "field", [{"name": "Ada\r\nBcc: all@example.com"}, {"name": 'Ada" <x@example.com>, "'}]
)
async def test_a_name_cannot_become_a_header_or_a_recipient(field: dict[str, str]) -> None:
    async with a_mail_server() as server:
        await SmtpMailer(settings(server.port), SystemClock()).send(replace(MAIL, **field))
        (mail,) = server.mails
        assert mail["Bcc"] is None
        assert [one.addr_spec for one in mail["To"].addresses] == ["ada@example.com"]
        assert server.envelopes[0].rcpt_tos == ["ada@example.com"]


@pytest.mark.parametrize(
    "field",
    [
        {"to": "ada@example.com\r\nBcc: all@example.com"},
        {"subject": "Hello\r\nBcc: all@example.com"},
        {"end_link": "https://x>\r\nBcc: all@example.com"},
        {"mail_id": "m\r\nBcc: all@example.com"},
    ],
)
def test_a_line_break_in_a_header_is_refused_whoever_put_it_there(field: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        SmtpMailer(settings(25), SystemClock()).message(replace(MAIL, **field))
