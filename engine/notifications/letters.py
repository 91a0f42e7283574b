"""What a mail says: text and HTML of the same, as much as the reader's privacy allows. Pure.

A subject holds numbers and words of ours alone, so that nothing anybody wrote stands in a header.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from html import escape
from zoneinfo import ZoneInfo

from engine.notifications.letter_words import WORDS, LetterWords
from engine.notifications.models import Digest, Mail, Preview, Unread
from engine.notifications.words import one_line

#: Of one message; the page has the rest.
_MESSAGE_CHARACTERS = 1_000

#: A heading with the lines below it: (when and who, what).
_Section = tuple[str, Sequence[tuple[str, str]]]


def digest_mail(
    mail_id: str, digest: Digest, names: Mapping[str, str], portal_url: str | None, end_link: str | None
) -> Mail:
    """names: what the reader knows outside numbers by."""
    words = WORDS[digest.settings.email_language]
    subject = words.unread.format(counts=_counts(words, digest.unread))
    sections = _sections(words, digest, names)
    why = words.told_why(digest.settings.email_after_minutes)
    return _mail(mail_id, digest, subject, sections, why, portal_url, end_link)


def test_mail(mail_id: str, digest: Digest, end_link: str | None) -> Mail:
    """What a user sends themselves to see whether mail arrives."""
    words = WORDS[digest.settings.email_language]
    return _mail(mail_id, digest, words.test, [], words.why_test, None, end_link)


def _sections(words: LetterWords, digest: Digest, names: Mapping[str, str]) -> list[_Section]:
    if digest.settings.preview is Preview.NOTHING:
        return []
    hours = digest.settings.working_hours
    zone: tzinfo = UTC if hours is None else ZoneInfo(hours.time_zone)
    found: list[_Section] = []
    for one in digest.unread:
        who = one.title or (names.get(one.peer, one.peer) if one.peer else None) or words.unknown
        heading = f"{one_line(who)}: {words.counted(one.kind, one.count)}, {_time(one.at_ms, zone)}"
        lines: list[tuple[str, str]] = []
        if digest.settings.preview is Preview.FULL:
            lines = [
                (_said_by(author, at_ms, zone), one_line(text, _MESSAGE_CHARACTERS))
                for at_ms, author, text in one.items
            ]
        found.append((heading, lines))
    return found


def _mail(
    mail_id: str,
    digest: Digest,
    subject: str,
    sections: Sequence[_Section],
    why: str,
    portal_url: str | None,
    end_link: str | None,
) -> Mail:
    language = digest.settings.email_language
    words = WORDS[language]
    text = [subject, ""]
    html = [f"<h1>{escape(subject)}</h1>"]
    for heading, lines in sections:
        text += [heading, *(f"  {said_by} {what}" for said_by, what in lines), ""]
        html.append(f'<h2 dir="auto">{escape(heading)}</h2>')
        html += [f'<p dir="auto"><small>{escape(by)}</small> {escape(what)}</p>' for by, what in lines]
    if portal_url is not None:
        text += [f"{words.read}: {portal_url}", ""]
        html.append(f'<p><a href="{escape(portal_url)}">{escape(words.read)}</a></p>')
    text.append(why)
    html.append(f"<p><small>{escape(why)}</small></p>")
    if end_link is not None:
        text.append(f"{words.no_more}: {end_link}")
        html.append(f'<p><small><a href="{escape(end_link)}">{escape(words.no_more)}</a></small></p>')
    page = f'<!doctype html><html lang="{language}"><meta charset="utf-8"><body>{"".join(html)}</body></html>'
    return Mail(mail_id, digest.email, digest.name, subject, "\n".join(text) + "\n", page, end_link)


def _counts(words: LetterWords, unread: Sequence[Unread]) -> str:
    kinds = {kind: sum(one.count for one in unread if one.kind is kind) for kind in words.nouns}
    return ", ".join(words.counted(kind, count) for kind, count in kinds.items() if count)


def _said_by(author: str | None, at_ms: int, zone: tzinfo) -> str:
    when = _time(at_ms, zone)
    return f"{when}:" if author is None else f"{when}, {one_line(author)}:"


def _time(at_ms: int, zone: tzinfo) -> str:
    local = datetime.fromtimestamp(at_ms / 1000, zone)
    return local.strftime("%Y-%m-%d %H:%M %Z")
