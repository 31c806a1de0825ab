from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Pool, event

from velma_sync.ledger.database import open_ledger

from .rig import Rig

BuildRig = Callable[..., Rig]


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated ledger without rows, for copying."""
    path = tmp_path_factory.mktemp("empty") / "ledger.db"
    open_ledger(path).close()
    return path


@pytest.fixture(autouse=True)
def quick_disk() -> Iterator[None]:
    """No power fails here: commits need not wait for the disk."""

    def hurry(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF").close()

    event.listen(Pool, "connect", hurry)
    yield
    event.remove(Pool, "connect", hurry)


@pytest.fixture
def build_rig(tmp_path: Path, empty_ledger: Path) -> Iterator[BuildRig]:
    """Rigs with settings of their own, closed at the end."""
    rigs: list[Rig] = []

    def build(**settings: Any) -> Rig:
        path = tmp_path / f"ledger-{len(rigs)}.db"
        shutil.copy(empty_ledger, path)
        rigs.append(Rig(path, **settings))
        return rigs[-1]

    yield build
    for rig in rigs:
        rig.close()


@pytest.fixture
def rig(build_rig: BuildRig) -> Rig:
    return build_rig()
