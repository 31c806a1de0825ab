"""Pipelines of deals and their stages: records hold ids, people and settings say labels."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.verdicts import RequestRefused

KEPT = timedelta(hours=1)
"""How long labels are remembered: nothing tells that somebody changes one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a deal stands, by the ids of pipeline and stage; "" where there is none."""

    pipeline: str
    stage: str


@dataclass(frozen=True, slots=True)
class Stage:
    label: str
    is_closed: bool


@dataclass(frozen=True, slots=True)
class PipelineLabels:
    """What ids mean. An id that nobody knows stands for itself."""

    pipelines: Mapping[str, str] = field(default_factory=dict)
    stages: Mapping[Place, Stage] = field(default_factory=dict)

    def pipeline_of(self, place: Place) -> str | None:
        return self.pipelines.get(place.pipeline, place.pipeline) or None

    def stage_of(self, place: Place) -> str | None:
        known = self.stages.get(place)
        return known.label if known else place.stage or None


class Pipelines:
    """The pipelines of deals, read when asked for and remembered for an hour. `now` gives aware times."""

    def __init__(self, client: HubSpotClient, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._lock = threading.Lock()
        self._labels = PipelineLabels()
        self._read_at: datetime | None = None
        self._unknown: set[Place] = set()

    def labels(self, places: Collection[Place]) -> PipelineLabels:
        """Labels of these places and all others. A place not met before is looked for once more."""
        with self._lock:
            if not places:
                return self._labels
            now = self._now()
            aged = self._read_at is None or now - self._read_at >= KEPT
            if aged:
                self._unknown = set()
            if aged or set(places) - self._labels.stages.keys() - self._unknown:
                self._labels, self._read_at = self._read(), now
            self._unknown |= set(places) - self._labels.stages.keys()
            return self._labels

    def _read(self) -> PipelineLabels:
        """Without the scope for it, no id has a label."""
        try:
            pipelines = self._client.get(paths.pipelines("deals"))["results"]
        except RequestRefused as refusal:
            if refusal.status != 403:
                raise
            return PipelineLabels()
        return PipelineLabels(
            {str(each["id"]): str(each["label"]) for each in pipelines},
            {
                Place(str(pipeline["id"]), str(stage["id"])): _stage(stage)
                for pipeline in pipelines
                for stage in pipeline["stages"]
            },
        )


def _stage(entry: Mapping[str, Any]) -> Stage:
    closed = (entry.get("metadata") or {}).get("isClosed")
    return Stage(str(entry["label"]), str(closed).lower() == "true")
