"""What is in the repository, copied to where nothing but it is, with its pages built."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from portal.build import ASSETS, BuildImpossible
from portal.build import build as build_portal
from tests.peers.require import unavailable
from tests.unit.project.checkout import ROOT, files


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a clone would be in which the pages were built; nobody changes it."""
    source = tmp_path_factory.mktemp("source")
    for path in files():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, source / path)
    try:
        build_portal()  # once for all tests; what packs takes what is there when it is of the same sources
    except BuildImpossible as error:
        unavailable("node", str(error))
    shutil.copytree(ASSETS, source / ASSETS.relative_to(ROOT))
    return source
