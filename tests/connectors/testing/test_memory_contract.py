"""The connector in memory keeps the contract of all connectors."""

from __future__ import annotations

import pytest

from velma_connectors.testing import ConnectorContract
from velma_connectors.testing.memory_rig import MemoryRig


class TestMemory(ConnectorContract):
    @pytest.fixture
    def rig(self) -> MemoryRig:
        return MemoryRig()
