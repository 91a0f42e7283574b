"""Mails with words made to hurt: the same headers and the same elements as with harmless ones."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest

from engine.adapters.mail import SmtpMailer
from engine.notifications.letters import digest_mail
from engine.notifications.models import Digest, Kind, NotificationSettings, Preview, Unread
from engine.notifications.settings import MailSettings
from tests.corpora.strings import LONE_SURROGATES, STRINGS

#: What the database keeps; lone surrogates never get that far.
KEPT = [label for label in STRINGS if label not in LONE_SURROGATES]


class Still:
    def now_ms(self) -> int:
        return 1_800_000_000_000

    def monotonic(self) -> float:
        return 0.0


class Elements(HTMLParser):
    """What a reader's program sees in a page: elements with their attributes, and nothing that is text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.others: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)


def read(word: str) -> EmailMessage:
    """The mail to somebody called this, about this that somebody called this said, as its reader has it."""
    settings = NotificationSettings(preview=Preview.FULL)
    unread = [
        Unread(Kind.CHAT, 1, 1, title=word, items=((1, word, word),)),
        Unread(Kind.TEXT, 1, 1, peer="+12025550177", items=((1, None, word),)),
    ]
    digest = Digest("usr_1", "dom_1", word, "zoe@acme.example", settings, tuple(unread), None)
    mail = digest_mail(
        "ntf_1", digest, {"+12025550177": word}, "https://portal.example/", "https://e.example/x"
    )
    mailer = SmtpMailer(MailSettings(host="localhost", sender="ringback@acme.example"), Still())
    octets = mailer.message(mail).as_bytes()
    parsed = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def elements(message: EmailMessage) -> Elements:
    part = message.get_body(("html",))
    assert part is not None
    found = Elements()
    found.feed(part.get_content())
    found.close()
    return found


PLAIN = read("Zoe")


LONG = {
    **{f"many {mark!r}": f"Doe{mark} " * 40 for mark in ',:;<>@()[]."\\'},
    "another address": "x <eve@evil.example>, " * 9,
    "no spaces": ":,;<>" * 50,
}
WORDS = {**{label: STRINGS[label] for label in KEPT}, **LONG}


@pytest.mark.parametrize("label", WORDS)
def test_a_mail_has_the_same_headers_and_elements_whatever_was_written(label: str) -> None:
    message = read(WORDS[label])
    assert message.keys() == PLAIN.keys()
    assert [part.get_content_type() for part in message.walk()] == [
        part.get_content_type() for part in PLAIN.walk()
    ]
    for name in ("From", "Subject", "Message-ID", "List-Unsubscribe"):
        assert message[name] == PLAIN[name]
    assert [one.addr_spec for one in message["To"].addresses] == ["zoe@acme.example"]
    assert not message.defects
    seen, plain = elements(message), elements(PLAIN)
    assert seen.found == plain.found
    assert not seen.others
