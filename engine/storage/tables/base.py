"""The one MetaData, and the rules every table follows.

Times are BigInteger milliseconds (`*_ms`), ids and JSON are Text, flags are Integer 0 or 1: the
hot path hands rows to the driver as they are, so a column may hold only int, str, bytes or None
on both databases. Constraints have names, since a later migration can only drop what it can name.
"""

from __future__ import annotations

from sqlalchemy import MetaData

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
