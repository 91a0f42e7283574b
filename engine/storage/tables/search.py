# ruff: noqa: S608 (DDL of ours, put together from pieces of ours)
"""The index of what was said: a queue of messages to look at, and a place in the index for each.

The words themselves are where each database can find them: an FTS5 table on SQLite, a tsvector with a GIN
index on PostgreSQL. Core cannot declare these, nor the triggers that fill the queue; `BESIDE` holds their
DDL, which may be run any number of times; `migrate` runs it after the revisions.

Who may see a message is among its words, as terms of people and numbers, so that a question of somebody
with ten messages does not read through a million of others.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.storage.tables.base import metadata

#: Messages that are new, changed or moved since they were last looked at.
search_queue = sa.Table(
    "search_queue",
    metadata,
    sa.Column("message_id", sa.Text, primary_key=True),
)

#: place: grows with the order in which messages were first looked at, which is nearly that of time.
search_places = sa.Table(
    "search_places",
    metadata,
    sa.Column("place", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("message_id", sa.Text, nullable=False, unique=True),
)


_NEW = "NEW.conversation_id IS NOT NULL"
_CHANGED = "NEW.conversation_id IS NOT NULL OR OLD.conversation_id IS NOT NULL"
#: Somebody who comes into a chat finds what they may see of what was said before.
_COMES_IN = "NEW.role = 'member'"
_SEEN = "SELECT id FROM messages WHERE conversation_id = NEW.conversation_id AND id > NEW.seen_from"

BESIDE = {
    "sqlite": [
        "CREATE VIRTUAL TABLE IF NOT EXISTS search_words"
        " USING fts5(words, who, tokenize = 'unicode61 remove_diacritics 0', prefix = '3')",
        f"CREATE TRIGGER IF NOT EXISTS search_words_said AFTER INSERT ON messages WHEN {_NEW}"
        " BEGIN INSERT OR IGNORE INTO search_queue VALUES (NEW.id); END",
        "CREATE TRIGGER IF NOT EXISTS search_words_changed"
        f" AFTER UPDATE OF text, conversation_id, flags ON messages WHEN {_CHANGED}"
        " BEGIN INSERT OR IGNORE INTO search_queue VALUES (NEW.id); END",
        "CREATE TRIGGER IF NOT EXISTS search_words_joined"
        f" AFTER INSERT ON conversation_members WHEN {_COMES_IN}"
        f" BEGIN INSERT OR IGNORE INTO search_queue {_SEEN}; END",
    ],
    "postgresql": [
        "CREATE TABLE IF NOT EXISTS search_words (place bigint PRIMARY KEY, words tsvector NOT NULL)",
        "CREATE INDEX IF NOT EXISTS search_words_ix ON search_words USING gin (words)",
        "CREATE OR REPLACE FUNCTION search_words_message() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN INSERT INTO search_queue VALUES (NEW.id) ON CONFLICT DO NOTHING; RETURN NULL; END $$",
        "CREATE OR REPLACE FUNCTION search_words_member() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN INSERT INTO search_queue {_SEEN} ON CONFLICT DO NOTHING; RETURN NULL; END $$",
        "CREATE OR REPLACE TRIGGER search_words_said AFTER INSERT ON messages"
        f" FOR EACH ROW WHEN ({_NEW}) EXECUTE FUNCTION search_words_message()",
        "CREATE OR REPLACE TRIGGER search_words_changed"
        " AFTER UPDATE OF text, conversation_id, flags ON messages"
        f" FOR EACH ROW WHEN ({_CHANGED}) EXECUTE FUNCTION search_words_message()",
        "CREATE OR REPLACE TRIGGER search_words_joined AFTER INSERT ON conversation_members"
        f" FOR EACH ROW WHEN ({_COMES_IN}) EXECUTE FUNCTION search_words_member()",
    ],
}


def is_beside(name: str | None) -> bool:
    """Whether a table or index is one of these, or part of one; comparisons of the schema pass over it."""
    return (name or "").startswith("search_words")


def create_beside(connection: sa.Connection) -> None:
    """Make what Core cannot declare, where it is missing."""
    for statement in BESIDE[connection.dialect.name]:
        connection.exec_driver_sql(statement)
