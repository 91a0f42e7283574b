"""Write the revision that leads from the last one to the tables as they are now.

    python -m engine.storage.migrations 0002 "What changes."

It is compared on a fresh SQLite file; read what came out before committing it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from engine.storage.migrate import write_revision


def main() -> None:
    revision, message = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        path = write_revision(f"sqlite:///{Path(folder) / 'compare.db'}", revision, message)
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
