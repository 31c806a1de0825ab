"""The CRMs whose traffic is recorded, by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hubspot_stage import HubSpotStage
from salesforce_stage import SalesforceStage
from stages import Stage

HERE = Path(__file__).parent
STAGES: Mapping[str, Stage] = {stage.name: stage for stage in (SalesforceStage(), HubSpotStage())}


def cassettes() -> list[Path]:
    """Every cassette that is committed."""
    return sorted(path for name in STAGES for path in (HERE / name).glob("*.yaml"))
