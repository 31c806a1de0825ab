"""The kit for whoever writes a connector: far sides that tests drive, and the contract as tests.

    from velma_connectors.testing import ConnectorContract, Rig

    class ZohoRig(Rig): ...

    class TestZoho(ConnectorContract):
        @pytest.fixture
        def rig(self) -> Iterator[ZohoRig]: ...

The contract needs pytest (`velma-sync[testing]`); everything else here loads without it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from velma_connectors.testing.rig import Ability, FaultKind, Place, Rig, Stages

if TYPE_CHECKING:
    from velma_connectors.testing.contract import ConnectorContract

__all__ = ["Ability", "ConnectorContract", "FaultKind", "Place", "Rig", "Stages"]

_CONTRACT = "velma_connectors.testing.contract"


def __getattr__(name: str) -> Any:
    """Load the contract when it is asked for, with readable failures of its assertions."""
    if name != "ConnectorContract":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _CONTRACT not in sys.modules:
        import pytest

        pytest.register_assert_rewrite(_CONTRACT)
    from velma_connectors.testing.contract import ConnectorContract

    return ConnectorContract
