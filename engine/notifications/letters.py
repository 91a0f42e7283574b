"""What a mail says: text and HTML of the same, as much as the reader's privacy allows. Pure.

A subject holds numbers and words of ours alone, so that nothing anybody wrote stands in a header.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from html import escape
from zoneinfo import ZoneInfo

from engine.notifications.models import Digest, Kind, Mail, Preview, Unread
from engine.notifications.words import one_line

#: Of one message; the page has the rest.
_MESSAGE_CHARACTERS = 1_000
_NOUNS = {
    Kind.CHAT: ("chat message", "chat messages"),
    Kind.TEXT: ("text", "texts"),
    Kind.VOICEMAIL: ("voicemail", "voicemails"),
    Kind.MISSED_CALL: ("missed call", "missed calls"),
}

#: A heading with the lines below it: (when and who, what).
_Section = tuple[str, Sequence[tuple[str, str]]]


def digest_mail(
    mail_id: str, digest: Digest, names: Mapping[str, str], portal_url: str | None, end_link: str | None
) -> Mail:
    """names: what the reader knows outside numbers by."""
    subject = f"Unread: {_counts(digest.unread)}"
    sections = _sections(digest, names)
    why = (
        f"You get this because it was unread for {digest.settings.email_after_minutes} minutes."
        " Nothing more comes by mail until something new happens."
    )
    return _mail(mail_id, digest, subject, sections, why, portal_url, end_link)


def test_mail(mail_id: str, digest: Digest, end_link: str | None) -> Mail:
    """What a user sends themselves to see whether mail arrives."""
    why = "You asked for this test. Mail about what you have not read arrives at this address."
    return _mail(mail_id, digest, "This is a test", [], why, None, end_link)


def _sections(digest: Digest, names: Mapping[str, str]) -> list[_Section]:
    if digest.settings.preview is Preview.NOTHING:
        return []
    hours = digest.settings.working_hours
    zone: tzinfo = UTC if hours is None else ZoneInfo(hours.time_zone)
    found: list[_Section] = []
    for one in digest.unread:
        who = one.title or (names.get(one.peer, one.peer) if one.peer else None) or "unknown"
        heading = f"{one_line(who)}: {_counted(one.kind, one.count)}, {_time(one.at_ms, zone)}"
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
    text = [subject, ""]
    html = [f"<h1>{escape(subject)}</h1>"]
    for heading, lines in sections:
        text += [heading, *(f"  {said_by} {what}" for said_by, what in lines), ""]
        html.append(f'<h2 dir="auto">{escape(heading)}</h2>')
        html += [f'<p dir="auto"><small>{escape(by)}</small> {escape(what)}</p>' for by, what in lines]
    if portal_url is not None:
        text += [f"Read and answer: {portal_url}", ""]
        html.append(f'<p><a href="{escape(portal_url)}">Read and answer</a></p>')
    text.append(why)
    html.append(f"<p><small>{escape(why)}</small></p>")
    if end_link is not None:
        text.append(f"No more such mail: {end_link}")
        html.append(f'<p><small><a href="{escape(end_link)}">No more such mail</a></small></p>')
    page = f'<!doctype html><html lang="en"><meta charset="utf-8"><body>{"".join(html)}</body></html>'
    return Mail(mail_id, digest.email, digest.name, subject, "\n".join(text) + "\n", page, end_link)


def _counts(unread: Sequence[Unread]) -> str:
    kinds = {kind: sum(one.count for one in unread if one.kind is kind) for kind in _NOUNS}
    return ", ".join(_counted(kind, count) for kind, count in kinds.items() if count)


def _counted(kind: Kind, count: int) -> str:
    one, several = _NOUNS[kind]
    return f"{count} {one if count == 1 else several}"


def _said_by(author: str | None, at_ms: int, zone: tzinfo) -> str:
    when = _time(at_ms, zone)
    return f"{when}:" if author is None else f"{when}, {one_line(author)}:"


def _time(at_ms: int, zone: tzinfo) -> str:
    local = datetime.fromtimestamp(at_ms / 1000, zone)
    return local.strftime("%Y-%m-%d %H:%M %Z")
