"""An analyzer with prepared answers, which keeps its own account of what it billed."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from velma_connectors.analysis import Analysis, AnalysisConfig
from velma_connectors.errors import RetryLater
from velma_connectors.model import canonical_json
from velma_connectors.protocol import AnalyzerCapabilities, AnalyzerHealth, Audio
from velma_connectors.testing.faults import Fault, FaultPlan

NOTHING_HEARD: dict[str, Any] = {
    "duration_ms": 300_000,
    "clips": [],
    "conversation_type": None,
    "roles": [],
    "detections": [],
    "topics": [],
    "topic_sentiments": [],
    "summary": None,
}


@lru_cache(maxsize=1)
def _analyses() -> TypeAdapter[Analysis]:
    return TypeAdapter(Analysis)


def canned_answer(**parts: Any) -> bytes:
    """An answer in this analyzer's own format: the fields of `Analysis` as JSON, those left out empty."""
    return canonical_json(NOTHING_HEARD | parts).encode()


class CannedAnalyzer:
    """Answers by audio SHA-256, others with `default`. Safe to use from several threads.

    It bills on arrival, as a real one does, whatever becomes of the answer: `bills` counts by audio and
    config hash. Beyond `most_at_once` requests it refuses. `during` runs while a request is in flight.
    """

    name = "canned"

    def __init__(
        self,
        *,
        default: bytes | None = None,
        most_at_once: int | None = None,
        during: Callable[[], object] = lambda: None,
    ) -> None:
        self.answers: dict[str, bytes] = {}
        self.bills: Counter[tuple[str, str]] = Counter()
        self.faults = FaultPlan()
        self.checks = 0
        self.most_in_flight = 0
        self._default = default if default is not None else canned_answer()
        self._most_at_once = most_at_once
        self._during = during
        self._in_flight = 0
        self._lock = threading.Lock()

    @property
    def capabilities(self) -> AnalyzerCapabilities:
        return AnalyzerCapabilities()

    def fail(self, fault: Fault) -> None:
        """Plan a fault of `analyze` (billed when it acts) or `check`."""
        self.faults.add(fault)

    def check(self) -> AnalyzerHealth:
        self.checks += 1
        fault = self.faults.take("check")
        if fault is not None:
            raise fault.error
        return AnalyzerHealth(presets=())

    def analyze(self, audio: Audio, config: AnalysisConfig, *, deadline_seconds: float) -> bytes:
        self._arrive()
        try:
            fault = self.faults.take("analyze")
            if fault is None or fault.acts:
                with self._lock:
                    self.bills[audio.sha256, config.hash] += 1
                self._during()
            if fault is not None:
                raise fault.error
            return self.answers.get(audio.sha256, self._default)
        finally:
            with self._lock:
                self._in_flight -= 1

    def parse(
        self, answer: bytes, *, audio_sha256: str, config: AnalysisConfig, analyzed_at: datetime
    ) -> Analysis:
        known = {
            "analyzer": self.name,
            "analyzed_at": analyzed_at,
            "audio_sha256": audio_sha256,
            "config_hash": config.hash,
            "raw": answer,
        }
        return _analyses().validate_python(json.loads(answer) | known)

    def heard_seconds(self, answer: bytes) -> float | None:
        try:
            milliseconds = float(json.loads(answer)["duration_ms"])
        except (KeyError, TypeError, ValueError):
            return None
        return milliseconds / 1000 if milliseconds > 0 else None

    def close(self) -> None:
        """Nothing is held open."""

    def _arrive(self) -> None:
        with self._lock:
            if self._most_at_once is not None and self._in_flight >= self._most_at_once:
                raise RetryLater("Too many requests at once.", after=1.0, counts=False)
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
