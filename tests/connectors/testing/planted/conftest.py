"""Runs the contract with a connector that has a bug: the one its test class names."""

from __future__ import annotations

import pytest

from velma_connectors.protocol import CrmConnector
from velma_connectors.testing.memory_rig import MemoryRig


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> MemoryRig:
    buggy = vars(request.cls)["connector"]

    class Rig(MemoryRig):
        def reopen(self) -> CrmConnector:
            opened: CrmConnector = buggy(self.connection, self.crm)
            return opened

    return Rig()
