"""Finding users and contacts by their keys: one statement, one round trip.

Each way a query can match is a range of the key table's index, read in key order and cut at a few rows,
so its price does not grow with the size of a book. Of several words the longest is looked up so, and the
others are looked for in what it finds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.contacts.models import Match
from engine.contacts.search_keys import Query
from engine.storage.directory_keys import beginning_with
from engine.storage.tables.contacts import contacts, directory_keys

_k = directory_keys.c
#: A contact may have several keys with one beginning (`202` twice in a number, three numbers alike), so some
#: rows are the same one's. Users and contacts have one name.
_ROWS_PER_HIT = {Match.NUMBER: 6, Match.CONTACT_WORD: 3}
#: Where favourites are to come first, a few more are looked at than shown.
_LOOKED_AT = 2


def search(
    connection: Connection, domain_id: str, books: Sequence[str], query: Query, limit: int
) -> list[tuple[Match, str]]:
    """See `engine.contacts.ports.ContactReads.search`."""
    ways = list(_ways(domain_id, books, query))
    if not ways:
        return []
    parts = []
    for match, chosen in ways:
        part = chosen.order_by(_k.key).limit(limit * _ROWS_PER_HIT.get(match, _LOOKED_AT)).subquery()
        parts.append(sa.select(sa.literal(int(match)).label("match"), part.c.key, part.c.subject))
    found = connection.execute(sa.union_all(*parts)).all()
    # Of two with the same key the older comes first, so that a repeated query shows the same.
    best: dict[str, Match] = {}
    for match, _, subject in sorted((row.match, row.key, row.subject) for row in found):
        best.setdefault(subject, Match(match))
    return [(match, subject) for subject, match in best.items()][: limit * _LOOKED_AT]


Rows = sa.Select[tuple[str, str]]


def _ways(domain_id: str, books: Sequence[str], query: Query) -> Iterator[tuple[Match, Rows]]:
    if query.extension is not None:
        yield Match.EXTENSION, _range(domain_id, "e" + query.extension)
    if query.whole:
        yield Match.USER_NAME, _range(domain_id, "u" + query.whole)
        first, *others = query.terms
        users = _range(domain_id, "v" + first)
        for other in others:
            with_it = sa.select(_k.subject).where(_k.book == domain_id, beginning_with("v" + other))
            users = users.where(_k.subject.in_(with_it))
        yield Match.USER_WORD, users
    for book in books:
        if query.whole:
            yield Match.CONTACT_NAME, _range(book, "n" + query.whole)
            yield Match.CONTACT_WORD, _with_all_words(book, query.terms)
        for digits in query.digits:
            yield Match.NUMBER, _range(book, "d" + digits)
        if query.email is not None:
            yield Match.EMAIL, _range(book, "m" + query.email)


def _range(book: str, prefix: str) -> Rows:
    return sa.select(_k.key, _k.subject).where(_k.book == book, beginning_with(prefix))


def _with_all_words(book: str, terms: Sequence[str]) -> Rows:
    # A number finds nobody by itself here, but `smith 555` means the Smith with it.
    first = next((term for term in terms if not term.isdecimal()), terms[0])
    others = [term for term in terms if term != first]
    rows = _range(book, "w" + first)
    if not others:
        return rows
    # Read row by row, so that it ends when enough are found; a join may be planned over the whole book.
    keys = sa.select(contacts.c.search_keys).where(contacts.c.id == _k.subject).scalar_subquery()
    for term in others:
        kinds = "wd" if term.isdecimal() else "w"
        rows = rows.where(sa.or_(*(keys.contains(f"\n{kind}{term}", autoescape=True) for kind in kinds)))
    return rows
