"""The connector of card files keeps the contract of all connectors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from rig import CardfileRig

from velma_connectors.testing import ConnectorContract


class TestCardfile(ConnectorContract):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[CardfileRig]:
        with closing(CardfileRig(tmp_path)) as rig:
            yield rig
