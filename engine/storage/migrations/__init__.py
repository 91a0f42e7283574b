"""How the schema came to be: Alembic revisions, shipped inside the package.

A revision runs beside the previous release: add, backfill and remove are separate steps. There is
no way down: a step back that drops what people wrote is a restore from backup, not a command. To write
one after changing the tables: `python -m engine.storage.migrations 0002 "What changes."`, then read it.
"""

from __future__ import annotations

#: The revision this release works with; the last one in `versions/`. Kept here as well, since
#: starting the engine should not load Alembic. A test holds the two together.
CURRENT_REVISION = "0001"
