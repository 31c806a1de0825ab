"""Builders for small calls and analyses, and the loader of the one whole example."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from velma_connectors.analysis import (
    Analysis,
    AnalysisConfig,
    Behavior,
    Clip,
    ConversationType,
    Detection,
    ParticipantRole,
    RolePick,
    Side,
    TopicSentiment,
    TypePick,
)
from velma_connectors.model import (
    Call,
    CallRef,
    Deal,
    Direction,
    Field,
    FieldKind,
    Person,
    RecordRef,
    Target,
)
from velma_mappings.fields import wanted_fields
from velma_mappings.mapping_file import MappingFile

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests/fixtures/velma_example_response.json"
DEFAULT_MAPPING = ROOT / "connectors/velma_connectors/salesforce/mapping.yaml"

NOON = datetime(2026, 6, 4, 12, 0, tzinfo=UTC)
REP_ROLE = "22222222-2222-4222-8222-222222222013"
PROSPECT_ROLE = "22222222-2222-4222-8222-222222222017"
DISCOVERY = "11111111-1111-4111-8111-111111111034"

EXAMPLE_BEHAVIORS = {
    "rapport_building": ("Rapport Building", "33333333-3333-4333-8333-033333333029"),
    "unaddressed_question": ("Unaddressed Question", "33333333-3333-4333-8333-033333333033"),
    "off_topic_discussion": ("Off-topic Discussion", "33333333-3333-4333-8333-033333333007"),
    "competitor_mention": ("Competitor Mention", "7c1f0a52-3c6e-4b0b-9d1e-5a1c2f6d8e41"),
    "action_plan_created": ("Action Plan Created", "33333333-3333-4333-8333-033333333004"),
    "talk_track_discovery": ("Talk-track Deviation - Discovery", "44444444-4444-4444-8444-444444444001"),
    "professional_relationship": (
        "Pre-established Professional Relationship",
        "44444444-4444-4444-8444-444444444002",
    ),
    "price_sensitivity": ("Price Sensitivity", "44444444-4444-4444-8444-444444444003"),
    "objection_timing": ("Objection Timing", "44444444-4444-4444-8444-444444444004"),
    "objection_trust": ("Objection Trust", "44444444-4444-4444-8444-444444444005"),
}


class Maker:
    """Everything a test of this room is made of, with defaults for what it does not care about."""

    NOON = NOON
    REP_ROLE = REP_ROLE
    PROSPECT_ROLE = PROSPECT_ROLE
    DISCOVERY = DISCOVERY

    def clip(
        self,
        id_: str,
        speaker: str,
        text: str = "Yes.",
        *,
        at: float = 0,
        seconds: float = 10,
        emotion: str | None = "Neutral",
    ) -> Clip:
        return Clip(id_, text, int(at * 1000), int(seconds * 1000), speaker, "en", emotion)

    def conversation(self) -> tuple[Clip, ...]:
        """A prospect `p` and a rep `r`, half a minute each."""
        return (
            self.clip("c1", "p", "Hello, how are you?", at=0, seconds=15),
            self.clip("c2", "r", "Fine. Shall we talk about the plan?", at=20, seconds=15),
            self.clip("c3", "p", "Let us meet on Friday.", at=40, seconds=15),
            self.clip("c4", "r", "Friday it is.", at=60, seconds=15),
        )

    def picks(self, confidence: float | None = 0.9) -> tuple[RolePick, ...]:
        return (
            RolePick("p", PROSPECT_ROLE, confidence, False),
            RolePick("r", REP_ROLE, confidence, False),
        )

    def row(self, name: str, speaker: str | None, confidence: float | None = 0.9, **more: Any) -> Detection:
        """A detection of the behavior `name`, which `behavior(name)` asks for."""
        values = {"detected": True, "evidence": (), **more}
        return Detection(f"uuid-{name}", name, speaker, confidence=confidence, **values)

    def behavior(self, key: str, **more: Any) -> Behavior:
        return Behavior(key, **{"name": key, "uuid": f"uuid-{key}", **more})

    def analysis(self, **more: Any) -> Analysis:
        values: dict[str, Any] = {
            "analyzer": "velma-2",
            "analyzed_at": NOON,
            "audio_sha256": "a" * 64,
            "config_hash": "c" * 64,
            "duration_ms": 75_000,
            "clips": self.conversation(),
            "conversation_type": TypePick(DISCOVERY, "Discovery", 1.0, False),
            "roles": self.picks(),
            "detections": (),
            "topics": (),
            "topic_sentiments": (),
            "summary": "They met.",
            "raw": b"{}",
        }
        return Analysis(**{**values, **more})

    def scores(self, *rows: tuple[str, str, float]) -> dict[str, Any]:
        """Topics and their sentiments, from (topic, speaker, score)."""
        sentiments = tuple(TopicSentiment(*row) for row in rows)
        topics = tuple(dict.fromkeys(row.topic for row in sentiments))
        return {"topics": topics, "topic_sentiments": sentiments}

    def config(self, *behaviors: Behavior | str, **more: Any) -> AnalysisConfig:
        values: dict[str, Any] = {
            "analyzer": "velma-2",
            "conversation_types": (ConversationType(DISCOVERY, "Discovery", "", ""),),
            "roles": (
                ParticipantRole(PROSPECT_ROLE, "Prospect", Side.PROSPECT, "", ""),
                ParticipantRole(REP_ROLE, "Sales Rep", Side.REP, "", ""),
            ),
            "behaviors": tuple(
                self.behavior(behavior) if isinstance(behavior, str) else behavior for behavior in behaviors
            ),
        }
        return AnalysisConfig(**{**values, **more})

    def document(self, **more: Any) -> dict[str, Any]:
        """A mapping file as plain data, with something behind every value."""
        return {
            "version": 1,
            "rules": [],
            "topics": [
                {"name": "Pricing", "synonyms": ["price", "cost"], "objection": "Pricing pushback"},
                {"name": "Implementation", "synonyms": ["roll-out", "timeline"]},
            ],
            "competitors": [{"name": "Acme Platform", "aliases": ["Acme"]}, {"name": "Quorvane"}],
            "behaviors": {
                "coaching": {"Question": ["question"], "Off-topic": ["off_topic"]},
                "positive": {"Rapport": ["rapport"]},
                "objections": {"Trust": ["trust"]},
                "competitor": ["rival"],
                "action_plan": ["plan"],
            },
            **more,
        }

    def mapping(self, **more: Any) -> MappingFile:
        return MappingFile.model_validate(self.document(**more))

    def deal(self, id_: str = "006A", **more: Any) -> Deal:
        values: dict[str, Any] = {
            "name": "A deal",
            "stage": "Discovery",
            "pipeline": None,
            "is_open": True,
            "amount": None,
        }
        return Deal(RecordRef("Opportunity", id_), **{**values, **more})

    def person(self, id_: str, name: str, target: Target | None = Target.CONTACT) -> Person:
        return Person(RecordRef("User" if target is None else target.value.capitalize(), id_), name, target)

    def call(self, **more: Any) -> Call:
        values: dict[str, Any] = {
            "ref": CallRef("sales", "Task", "00T1"),
            "title": "Call",
            "started_at": NOON,
            "seconds": 75,
            "direction": Direction.OUTBOUND,
            "owner": None,
            "recording": None,
            "deals": (),
            "people": (),
            "account": None,
            "changed_at": NOON,
            "fingerprint": "f",
        }
        return Call(**{**values, **more})

    def field(self, name: str, kind: FieldKind, **more: Any) -> Field:
        values: dict[str, Any] = {"label": name, "writable": True, "filterable": True}
        return Field(name=name, kind=kind, **{**values, **more})


@pytest.fixture(scope="session")
def make() -> Maker:
    return Maker()


@pytest.fixture(scope="session")
def default_mapping() -> MappingFile:
    return MappingFile.model_validate(YAML(typ="safe").load(DEFAULT_MAPPING.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def example_document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    return document


@pytest.fixture(scope="session")
def example_config() -> AnalysisConfig:
    """The configuration the example was asked with, by its ids."""
    return Maker().config(
        *(Behavior(key, name, uuid=uuid) for key, (name, uuid) in EXAMPLE_BEHAVIORS.items())
    )


@pytest.fixture(scope="session")
def example(example_document: dict[str, Any], example_config: AnalysisConfig) -> Analysis:
    return read_answer(example_document, example_config)


@pytest.fixture(scope="session")
def fields_for() -> Callable[[MappingFile], dict[str, dict[str, Field]]]:
    """The fields a mapping file wants, as a CRM that created them describes them, by object."""

    def described(mapping: MappingFile) -> dict[str, dict[str, Field]]:
        objects: dict[str, dict[str, Field]] = {"Task": {}, "Opportunity": {}}
        for spec in wanted_fields(mapping):
            objects["Task" if spec.target is Target.CALL else "Opportunity"][spec.name] = Field(
                spec.name,
                spec.label,
                spec.kind,
                writable=True,
                filterable=True,
                max_length=spec.max_length,
                precision=spec.precision,
                scale=spec.scale,
                choices=spec.choices,
                restricted=bool(spec.choices),
            )
        return objects

    return described


@pytest.fixture(scope="session")
def read() -> Callable[[Mapping[str, Any], AnalysisConfig], Analysis]:
    return read_answer


def read_answer(document: Mapping[str, Any], config: AnalysisConfig) -> Analysis:
    """The answer as the published schema describes it; only what the example holds."""
    pick = document["conversation_type_pick"]
    return Analysis(
        analyzer="velma-2",
        analyzed_at=NOON,
        audio_sha256="a" * 64,
        config_hash=config.hash,
        duration_ms=document["duration_ms"],
        clips=tuple(
            Clip(
                clip["clip_uuid"],
                clip["text"],
                clip["start_ms"],
                clip["duration_ms"],
                clip["speaker_label"],
                clip["language"],
                clip["emotion"],
            )
            for clip in document["clips"]
        ),
        conversation_type=TypePick(
            pick["conversation_type_uuid"], pick["name"], pick["confidence"], _is_default(pick)
        ),
        roles=tuple(
            RolePick(row["speaker_label"], row["participant_role_uuid"], row["confidence"], _is_default(row))
            for row in document["participant_role_picks"]
        ),
        detections=_detections(document["behaviors"]),
        topics=tuple(document["topics"]),
        topic_sentiments=tuple(
            TopicSentiment(row["topic"], row["speaker_label"], row["sentiment_score"])
            for row in document["topic_sentiments"]
        ),
        summary=document["summary"],
        raw=json.dumps(document).encode(),
    )


def _is_default(pick: Mapping[str, Any]) -> bool:
    return bool(pick["selection_source"] == "default")


def _detections(rows: Sequence[Mapping[str, Any]]) -> tuple[Detection, ...]:
    return tuple(
        Detection(
            behavior_uuid=row["behavior_uuid"],
            behavior_name=row["behavior_name"],
            speaker=row["speaker_label"],
            detected=row["detected"],
            confidence=row["confidence"],
            evidence=tuple(row["evidence_clip_uuids"]),
            definitive=row["definitive_clip_uuid"],
            reasoning=row["reasoning"],
        )
        for row in rows
    )
