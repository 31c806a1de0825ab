from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .rig import Rig

BuildRig = Callable[..., Rig]


@pytest.fixture
def build_rig(tmp_path: Path) -> Iterator[BuildRig]:
    """Rigs with settings of their own, closed at the end."""
    rigs: list[Rig] = []

    def build(**settings: Any) -> Rig:
        rigs.append(Rig(tmp_path / f"ledger-{len(rigs)}.db", **settings))
        return rigs[-1]

    yield build
    for rig in rigs:
        rig.close()


@pytest.fixture
def rig(build_rig: BuildRig) -> Rig:
    return build_rig()
