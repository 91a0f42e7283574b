"""What Ringback itself says in mails and on the page that ends them, in each language there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.notifications.models import Kind, Language


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterWords:
    """One language. nouns: of one thing, and of several. unread, why: with a place for what they name.

    ask, ask_hint, button, done, done_hint: the page that ends mails, before and after.
    """

    nouns: Mapping[Kind, tuple[str, str]]
    unread: str
    unknown: str
    why: str
    test: str
    why_test: str
    read: str
    no_more: str
    ask: str
    ask_hint: str
    button: str
    done: str
    done_hint: str

    def counted(self, kind: Kind, count: int) -> str:
        one, several = self.nouns[kind]
        return f"{count} {one if count == 1 else several}"

    def told_why(self, minutes: int) -> str:
        return self.why.format(minutes=minutes)


WORDS: Mapping[Language, LetterWords] = {
    Language.ENGLISH: LetterWords(
        nouns={
            Kind.CHAT: ("chat message", "chat messages"),
            Kind.TEXT: ("text", "texts"),
            Kind.VOICEMAIL: ("voicemail", "voicemails"),
            Kind.MISSED_CALL: ("missed call", "missed calls"),
        },
        unread="Unread: {counts}",
        unknown="unknown",
        why=(
            "You get this because it was unread for {minutes} minutes. Nothing more comes by mail until"
            " something new happens."
        ),
        test="This is a test",
        why_test="You asked for this test. Mail about what you have not read arrives at this address.",
        read="Read and answer",
        no_more="No more such mail",
        ask="No more mail?",
        ask_hint="What you have not read is still on your pages.",
        button="End these mails",
        done="Done",
        done_hint="No more mail comes. You can switch it on again in your settings.",
    ),
    Language.GERMAN: LetterWords(
        nouns={
            Kind.CHAT: ("Chatnachricht", "Chatnachrichten"),
            Kind.TEXT: ("SMS", "SMS"),
            Kind.VOICEMAIL: ("Sprachnachricht", "Sprachnachrichten"),
            Kind.MISSED_CALL: ("verpasster Anruf", "verpasste Anrufe"),
        },
        unread="Ungelesen: {counts}",
        unknown="unbekannt",
        why=(
            "Sie bekommen diese Mail, weil das {minutes} Minuten lang ungelesen war. Die nächste kommt erst,"
            " wenn es etwas Neues gibt."
        ),
        test="Das ist ein Test",
        why_test="Sie haben diesen Test angefordert. Mails über Ungelesenes kommen an dieser Adresse an.",
        read="Lesen und antworten",
        no_more="Keine solchen Mails mehr",
        ask="Keine Mails mehr?",
        ask_hint="Was Sie nicht gelesen haben, finden Sie weiterhin auf Ihren Seiten.",
        button="Diese Mails beenden",
        done="Erledigt",
        done_hint="Es kommen keine Mails mehr. In Ihren Einstellungen können Sie sie wieder einschalten.",
    ),
}
