"""Has the portal built before it is packed: wheel, sdist and editable installation carry the same pages.

A machine that can build nothing (no Node, no registry) gets the API, and a page that says what is missing.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PortalHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node from a wheel, only where it is needed: the wheel is 61 MB."""
        portal = _portal(self.root)
        if portal is None or portal.built_from() == portal.source_hash() or portal.system_node() is not None:
            return []
        return [portal.NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        portal = _portal(self.root)
        if portal is None:
            return  # an sdist's pages are built already
        try:
            portal.build()
        except portal.BuildImpossible as error:
            self.app.display_warning(f"The portal could not be built: {error}")


def _portal(root: str) -> ModuleType | None:
    """`portal/build.py` of the project that is being built."""
    path = Path(root) / "portal" / "build.py"
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location("ringback_portal_build", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
