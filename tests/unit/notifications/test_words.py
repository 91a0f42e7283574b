"""What notifications and mails say, and what privacy and safety leave out."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from engine.notifications import letters
from engine.notifications.letter_words import WORDS
from engine.notifications.letters import digest_mail
from engine.notifications.models import (
    Digest,
    Kind,
    Language,
    Level,
    News,
    NotificationSettings,
    Preview,
    Side,
    ThreadNotifications,
    Unread,
    WorkingHours,
)
from engine.notifications.words import PREVIEW_CHARACTERS, concerns, is_named, one_line, said

CHAT = News("msg_2", Kind.CHAT, "dom_1", ("usr_1",), 0, "conv_1", "usr_2", "Bob", None, None, "hello there")


@pytest.mark.parametrize(
    ("news", "name", "shown"),
    [
        (CHAT, None, ("Bob", "hello there")),
        (replace(CHAT, group="Lunch"), None, ("Bob (Lunch)", "hello there")),
        (replace(CHAT, group=""), None, ("Bob", "hello there")),
        (replace(CHAT, author=None, peer="+4930123"), None, ("+4930123", "hello there")),
        (replace(CHAT, author=None, peer="+4930123"), "Supplier", ("Supplier", "hello there")),
        (replace(CHAT, author=None, text=""), None, (None, None)),
        (replace(CHAT, text=" \n\t "), None, ("Bob", None)),
    ],
)
def test_a_notification_says_who_and_what(
    news: News, name: str | None, shown: tuple[str | None, str | None]
) -> None:
    assert said(news, NotificationSettings(), name) == shown
    assert said(news, NotificationSettings(preview=Preview.SENDER), name) == (shown[0], None)
    assert said(news, NotificationSettings(preview=Preview.NOTHING), name) == (None, None)


def test_a_preview_is_one_line_without_tricks() -> None:
    assert one_line("a\r\nb\tc\u2028d\x00e  f") == "a b c d e f"
    assert one_line("safe\u202egnp.exe") == "safegnp.exe"
    cut = one_line("x" * 1_000)
    assert len(cut) == PREVIEW_CHARACTERS
    assert cut.endswith("…")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("hey @Ann Adler, look", True),
        ("hey @ann adler", True),
        ("@101!", True),
        ("@all lunch", True),
        ("hey Ann Adler", False),
        ("@1012", False),
        ("mail@101", False),
        ("@Ann", False),
        ("@allison", False),
        ("@1012 and @101", True),
    ],
)
def test_naming_somebody_takes_an_at_and_the_whole_name(text: str, named: bool) -> None:
    assert is_named(text, ("Ann Adler", "101")) is named


@pytest.mark.parametrize(
    ("side", "told"),
    [
        (Side(), True),
        (Side(quiet=True), False),
        (Side(read_through="msg_1"), True),
        (Side(read_through="msg_2"), False),
        (Side(chosen=ThreadNotifications(Level.NONE)), False),
        (Side(chosen=ThreadNotifications(Level.MENTIONS), called=("Ann",)), False),
    ],
)
def test_who_is_told_of_what_was_said(side: Side, told: bool) -> None:
    assert concerns(CHAT, side) is told


NASTY = '<script>alert(1)</script>" onload="x" & \r\nBcc: all@example.com'


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_nothing_anybody_wrote_becomes_markup_or_a_header() -> None:
    unread = (
        Unread(Kind.CHAT, 2, 0, NASTY, None, "conv_1", ((0, NASTY, NASTY),)),
        Unread(Kind.TEXT, 1, 0, None, "+4930123", "conv_2", ((0, None, NASTY),)),
    )
    digest = Digest("usr_1", "dom_1", "Ann", "ann@example.com", NotificationSettings(), unread, None)
    mail = digest_mail(
        "mail_1", digest, {"+4930123": NASTY}, "https://x.example/?a=1&b=2", "https://y.example"
    )
    tags = Tags()
    tags.feed(mail.html)
    assert tags.found <= {"html", "meta", "body", "h1", "h2", "p", "small", "a"}
    assert tags.attributes <= {"lang", "charset", "dir", "href"}
    assert mail.subject == "Unread: 2 chat messages, 1 text"
    assert "\nBcc:" not in mail.text
    assert "https://x.example/?a=1&amp;b=2" in mail.html


def test_a_mail_is_written_in_the_language_its_reader_chose() -> None:
    settings = NotificationSettings(email_language=Language.GERMAN, email_after_minutes=15)
    unread = (Unread(Kind.TEXT, 1, 0, None, None), Unread(Kind.MISSED_CALL, 2, 0, "Bob"))
    digest = Digest("usr_1", "dom_1", "Ann", "ann@example.com", settings, unread, None)
    mail = digest_mail("mail_1", digest, {}, "https://x.example", "https://y.example")
    assert mail.subject == "Ungelesen: 1 SMS, 2 verpasste Anrufe"
    assert '<html lang="de">' in mail.html
    assert "unbekannt: 1 SMS, 1970-01-01 00:00 UTC" in mail.text
    assert "15 Minuten" in mail.text
    assert "Lesen und antworten: https://x.example" in mail.text
    assert "Keine solchen Mails mehr: https://y.example" in mail.text
    assert letters.test_mail("mail_2", digest, None).subject == "Das ist ein Test"


@pytest.mark.parametrize("language", Language)
def test_every_language_says_everything(language: Language) -> None:
    words = WORDS[language]
    assert set(words.nouns) == set(Kind) - {Kind.TEST}
    assert all(getattr(words, field.name) for field in dataclasses.fields(words))
    assert words.unread.format(counts="1 SMS").endswith("1 SMS")
    assert "15" in words.told_why(15)


def test_times_are_those_of_the_readers_office() -> None:
    hours = WorkingHours("Europe/Berlin", ("Mon-Fri 08:00-18:00",))
    settings = NotificationSettings(working_hours=hours)
    unread = (Unread(Kind.MISSED_CALL, 1, 1_800_000_000_000, "Bob"),)
    digest = Digest("usr_1", "dom_1", "Ann", "ann@example.com", settings, unread, None)
    mail = digest_mail("mail_1", digest, {}, None, None)
    assert "2027-01-15 09:00 CET" in mail.text
    utc = digest_mail("mail_1", replace(digest, settings=NotificationSettings()), {}, None, None)
    assert "2027-01-15 08:00 UTC" in utc.text
