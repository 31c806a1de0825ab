"""The contract of all connectors, one test per sentence. Each test's name is the sentence it proves."""

from __future__ import annotations

from typing import Any

import pytest

from velma_connectors.testing.contract.accounts import AccountContract
from velma_connectors.testing.contract.batches import BatchContract
from velma_connectors.testing.contract.calls import CallContract
from velma_connectors.testing.contract.faults import FaultContract
from velma_connectors.testing.contract.notes import NoteContract
from velma_connectors.testing.contract.privacy import PrivacyContract
from velma_connectors.testing.contract.recordings import RecordingContract
from velma_connectors.testing.contract.schemas import SchemaContract
from velma_connectors.testing.contract.threads import ThreadContract
from velma_connectors.testing.contract.values import ValueContract
from velma_connectors.testing.contract.walks import WalkContract
from velma_connectors.testing.rig import Rig

FAR_SIDE = "contract far side"
"""Name of the property by which each test tells whose far side it ran against."""

PARTS = ("kind", "against", "fields", "read_only", "stages")
"""Attributes that a rig sets itself. Its editor names missing methods, but not these."""


class ConnectorContract(
    ThreadContract,
    SchemaContract,
    PrivacyContract,
    FaultContract,
    NoteContract,
    BatchContract,
    ValueContract,
    RecordingContract,
    CallContract,
    WalkContract,
    AccountContract,
):
    """Subclass it as `Test...` with a fixture `rig` that yields a rig, one for each test, and closes it."""

    # pytest runs the tests of the last class first: from `check` to what needs all of a connector.

    @pytest.fixture(autouse=True)
    def _far_side(self, rig: Rig, record_property: Any) -> None:
        missing = [part for part in PARTS if not hasattr(rig, part)]
        assert not missing, f"{type(rig).__name__} has to set {', '.join(missing)}; see the docstrings of Rig"
        record_property(FAR_SIDE, f"{rig.kind}:{rig.against}")
