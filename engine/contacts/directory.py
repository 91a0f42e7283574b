"""The directory: one search over users, contacts and numbers, and the names of numbers.

Order: users by extension, by the beginning of their name, by a word of it; then contacts by the
beginning of their name, by a word of name or company, by digits of a number, by e-mail; last the query
itself as a number nobody has a name for. Among hits alike, favourites come first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from engine.accounts.models import Domain, Principal
from engine.contacts.access import books_of, domain_meant, viewer_of
from engine.contacts.errors import invalid
from engine.contacts.models import ContactNumber, Hit, Match, Named, Person
from engine.contacts.ports import ContactReads, ContactStore, SeesDomain
from engine.contacts.search_keys import read_query
from engine.errors import InvalidRequest
from engine.phone_numbers import to_e164

MAX_HITS = 50
MAX_QUERY = 100

_OF_USERS = (Match.EXTENSION, Match.USER_NAME, Match.USER_WORD)


class Directory:
    """sees_domain: where the tenant's border is drawn."""

    def __init__(self, store: ContactStore, sees_domain: SeesDomain) -> None:
        self._store = store
        self._sees_domain = sees_domain

    async def search(
        self, principal: Principal, text: str, limit: int = 10, domain_id: str | None = None
    ) -> list[Hit]:
        """What the text may mean, best first, at most limit hits. A text of no letters and digits finds
        nothing. Raises NotFound or InvalidRequest."""
        if not 1 <= limit <= MAX_HITS:
            raise invalid("limit", f"Give a limit of 1 to {MAX_HITS}.")
        if len(text) > MAX_QUERY:
            raise invalid("q", f"Give at most {MAX_QUERY} characters.")
        viewer = viewer_of(principal)

        def work(reads: ContactReads) -> list[Hit]:
            domain = domain_meant(reads, self._sees_domain, principal, domain_id)
            query = read_query(text, domain.region)
            if query.empty:
                return []
            found = reads.search(domain.id, books_of(principal, domain.id), query, limit)
            people = reads.users(domain.id, [subject for match, subject in found if match in _OF_USERS])
            contacts = reads.contacts([subject for match, subject in found if match not in _OF_USERS], viewer)
            hits: list[Hit] = []
            for match, subject in found:
                if match in _OF_USERS:
                    if subject in people:  # else disabled
                        hits.append(_person_hit(match, people[subject]))
                elif subject in contacts:
                    contact = contacts[subject]
                    hits.append(Hit(match, contact.name, contact.numbers, contact=contact))
            hits.sort(key=lambda hit: (hit.match, hit.contact is not None and not hit.contact.favourite))
            return _with_new_number(hits, text, domain, limit) if query.digits else hits[:limit]

        return await self._store.read(work)

    async def names_of(
        self, domain_id: str, user_id: str | None, numbers: Collection[str]
    ) -> Mapping[str, Named]:
        """Whom E.164 numbers belong to, for one viewer: by its own contacts, else by shared ones.

        user_id: None sees shared contacts alone. Numbers nobody knows are absent. The caller has seen to
        it that the viewer belongs to the domain.
        """
        if not numbers:
            return {}
        books = [domain_id] if user_id is None else [user_id, domain_id]
        return await self._store.read(lambda reads: reads.names(books, numbers))


def _person_hit(match: Match, person: Person) -> Hit:
    number = ContactNumber("extension", None, person.extension, person.id, True, person.extension)
    return Hit(match, person.name, (number,), user=person)


def _with_new_number(hits: list[Hit], text: str, domain: Domain, limit: int) -> list[Hit]:
    """The hits and, when the text is a whole number that none of them has, that number.

    It keeps its place even when there are more hits than asked for: whoever types a number out means it.
    """
    try:
        e164 = to_e164(text.strip(), domain.region)
    except InvalidRequest:
        return hits[:limit]
    if any(number.e164 == e164 for hit in hits[:limit] for number in hit.numbers):
        return hits[:limit]
    number = ContactNumber("", e164, text.strip(), None, True)
    return [*hits[: limit - 1], Hit(Match.NEW_NUMBER, e164, (number,))]
