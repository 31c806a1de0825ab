"""Pipelines of deals and their stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from velma_connectors.sandbox.hubspot.definitions import Option
from velma_connectors.sandbox.hubspot.stamps import iso

Closing = bool | Literal["won"]
"""What reaching a stage means: False is open, True is closed and lost, "won" is closed and won."""


@dataclass(frozen=True, slots=True)
class Stage:
    id: str
    label: str
    closed: bool
    probability: str

    @property
    def won(self) -> bool:
        return self.closed and self.probability == "1.0"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """`created_at` in epoch milliseconds."""

    id: str
    label: str
    stages: tuple[Stage, ...]
    created_at: int

    def document(self, place: int) -> dict[str, Any]:
        return {
            "id": self.id,
            "label": self.label,
            "displayOrder": place,
            "archived": False,
            "createdAt": iso(self.created_at),
            "updatedAt": iso(self.created_at),
            "stages": [self.stage_document(number) for number in range(len(self.stages))],
        }

    def stage_document(self, place: int) -> dict[str, Any]:
        stage = self.stages[place]
        return {
            "id": stage.id,
            "label": stage.label,
            "displayOrder": place,
            "archived": False,
            "metadata": {"isClosed": str(stage.closed).lower(), "probability": stage.probability},
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
            "createdAt": iso(self.created_at),
            "updatedAt": iso(self.created_at),
        }


_USUAL_STAGES = (
    Stage("appointmentscheduled", "Appointment scheduled", False, "0.2"),
    Stage("qualifiedtobuy", "Qualified to buy", False, "0.4"),
    Stage("presentationscheduled", "Presentation scheduled", False, "0.6"),
    Stage("decisionmakerboughtin", "Decision maker bought-in", False, "0.8"),
    Stage("contractsent", "Contract sent", False, "0.9"),
    Stage("closedwon", "Closed won", True, "1.0"),
    Stage("closedlost", "Closed lost", True, "0.0"),
)
DEFAULT_PIPELINE = "default"


class Pipelines:
    """All pipelines, that of every new portal first."""

    def __init__(self, created_at: int) -> None:
        self.all = [Pipeline(DEFAULT_PIPELINE, "Sales Pipeline", _USUAL_STAGES, created_at)]
        self.last_id = 30_481_120

    def add(self, label: str, stages: Mapping[str, Closing], created_at: int) -> str:
        """Stages by label in their order. Returns the pipeline's id."""
        number = self._next_id()
        made = tuple(
            Stage(self._next_id(), name, bool(closing), _probability(closing, place, len(stages)))
            for place, (name, closing) in enumerate(stages.items())
        )
        self.all.append(Pipeline(number, label, made, created_at))
        return number

    def stage(self, stage_id: str | None) -> tuple[Pipeline, Stage] | None:
        for pipeline in self.all:
            for stage in pipeline.stages:
                if stage.id == stage_id:
                    return pipeline, stage
        return None

    def find(self, pipeline_id: str) -> Pipeline | None:
        return next((each for each in self.all if each.id == pipeline_id), None)

    def stage_id(self, pipeline_label: str, stage_label: str) -> str:
        """Raises KeyError."""
        for pipeline in self.all:
            for stage in pipeline.stages:
                if (pipeline.label, stage.label) == (pipeline_label, stage_label):
                    return stage.id
        raise KeyError(f"{pipeline_label}: {stage_label}")

    def options(self, name: str) -> tuple[Option, ...]:
        """Of the properties `pipeline` and `dealstage`."""
        if name == "pipeline":
            return tuple(Option(each.label, each.id, place) for place, each in enumerate(self.all))
        stages = [stage for pipeline in self.all for stage in pipeline.stages]
        return tuple(Option(stage.label, stage.id, place) for place, stage in enumerate(stages))

    def _next_id(self) -> str:
        self.last_id += 1
        return str(self.last_id)


def _probability(closing: Closing, place: int, count: int) -> str:
    if closing == "won":
        return "1.0"
    return "0.0" if closing else f"{(place + 1) / (count + 1):.1f}"
