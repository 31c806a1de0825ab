"""A small analysis configuration, an audio file, and a client of whatever server a test starts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from velma_connectors.analysis import AnalysisConfig, Behavior, ConversationType, ParticipantRole, Side
from velma_connectors.protocol import Audio
from velma_connectors.velma.analyzer import VelmaAnalyzer
from velma_connectors.velma.options import VelmaOptions

KEY = "invented-key-5c1f"
DISCOVERY = "5d0b4f0e-93c8-4a3b-9f0e-6f2f6c1b7a01"
REP = "0a6c9a1e-4a53-4f59-8a68-0f7d1f6f2a01"
PROSPECT = "0a6c9a1e-4a53-4f59-8a68-0f7d1f6f2a02"
ACTION_PLAN = "8a5be0c4-3a0c-4f7e-9a3f-3d2a5f4f6b01"


@pytest.fixture
def key() -> str:
    return KEY


@pytest.fixture
def config() -> AnalysisConfig:
    return AnalysisConfig(
        analyzer="velma-2",
        conversation_types=(
            ConversationType(DISCOVERY, "Sales Discovery Call", "Early.", "Open questions."),
        ),
        roles=(
            ParticipantRole(REP, "Sales Rep", Side.REP, "Sells.", "Speaks for the vendor."),
            ParticipantRole(PROSPECT, "Prospect", Side.PROSPECT, "May buy.", "Speaks for the buyer."),
        ),
        behaviors=(
            Behavior(
                key="action_plan_created",
                name="Action Plan Created",
                uuid=ACTION_PLAN,
                short_description="A next step.",
                detailed_description="ALL hold: a step, a date, an agreement.",
                roles=(PROSPECT,),
            ),
            Behavior(key="rapport", name="Rapport Building", preset="rapport_building"),
        ),
        terms=("Acme Platform", "Ledgerline"),
        language="en",
    )


@pytest.fixture
def audio(tmp_path: Path) -> Audio:
    content = b"OggS invented audio of the known call"
    path = tmp_path / "audio"
    path.write_bytes(content)
    return Audio(path, hashlib.sha256(content).hexdigest(), len(content), "audio/ogg", "ogg")


@pytest.fixture
def analyzer_at() -> Callable[[str], VelmaAnalyzer]:
    """An analyzer that talks to a base URL."""

    def build(base_url: str) -> VelmaAnalyzer:
        return VelmaAnalyzer(VelmaOptions.model_validate({"base_url": base_url, "api_key": KEY}))

    return build
