"""Makes the portal's wire types from the API's own description.

    python portal/tools/wire_types.py [--check]

Writes `portal/src/core/wire.d.ts`. Every refusal has the same shape, so the description is given to the
generator with one answer for all of them, which makes the types a fifth of the size. With --check
nothing is written: it ends with 1 when the file was made from another description.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PORTAL = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PORTAL.parent))

from api.app import FEATURES, VERSION  # noqa: E402
from api.openapi import describe  # noqa: E402
from api.routes import RouteTable  # noqa: E402
from portal.build import toolchain  # noqa: E402

WIRE = PORTAL / "src/core/wire.d.ts"
_TOOL = PORTAL / "tools/openapi"


def description() -> dict[str, Any]:
    """The API as the generator is shown it: success by status, and one answer for every refusal."""
    document: dict[str, Any] = json.loads(json.dumps(describe(RouteTable(FEATURES), VERSION)))
    for methods in document["paths"].values():
        for operation in methods.values():
            if not isinstance(operation, dict) or "responses" not in operation:
                continue
            answers = operation["responses"]
            kept = {status: answer for status, answer in answers.items() if status[0] in "123"}
            for answer in kept.values():
                answer.pop("headers", None)
            problem = {"$ref": "#/components/schemas/Problem"}
            kept["default"] = {
                "description": "",
                "content": {"application/problem+json": {"schema": problem}},
            }
            operation["responses"] = kept
    return document


def header(document: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    return f"// Made by tools/wire_types.py from the API's description {digest[:16]}; not edited by hand.\n"


def main() -> int:
    document = description()
    if "--check" in sys.argv:
        return 0 if WIRE.is_file() and WIRE.read_text().startswith(header(document)) else 1
    node, npm = toolchain()
    if not (_TOOL / "node_modules").is_dir():
        subprocess.run([*npm, "ci"], cwd=_TOOL, check=True)  # noqa: S603
    with tempfile.TemporaryDirectory() as scratch:
        source, made = Path(scratch) / "api.json", Path(scratch) / "wire.d.ts"
        source.write_text(json.dumps(document))
        cli = _TOOL / "node_modules/openapi-typescript/bin/cli.js"
        options = [str(source), "-o", str(made), "--default-non-nullable=false"]
        subprocess.run([node, str(cli), *options], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        types = made.read_text()
    WIRE.write_text(header(document) + "\n".join(_lean(types)) + "\n")
    return 0


def _lean(types: str) -> list[str]:
    """The types without the lines that only say what is never there."""
    never = ("?: never;",)
    return [line for line in types.splitlines() if not line.rstrip().endswith(never)]


if __name__ == "__main__":
    sys.exit(main())
