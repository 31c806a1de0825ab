"""Velma-2 batch as an Analyzer."""

from __future__ import annotations

from datetime import datetime

from velma_connectors.analysis import Analysis, AnalysisConfig
from velma_connectors.errors import SkipCall
from velma_connectors.model import canonical_json
from velma_connectors.protocol import AnalyzerCapabilities, AnalyzerHealth, Audio
from velma_connectors.velma.client import VelmaClient
from velma_connectors.velma.options import VelmaOptions
from velma_connectors.velma.playbook import ANALYZER
from velma_connectors.velma.request import batch_config
from velma_connectors.velma.response import heard_seconds, parse_answer


class VelmaAnalyzer:
    """One Velma account. Safe to use from several threads at once; holds nothing open between requests."""

    def __init__(self, options: VelmaOptions) -> None:
        self._client = VelmaClient(options)

    @property
    def name(self) -> str:
        return ANALYZER

    @property
    def capabilities(self) -> AnalyzerCapabilities:
        return AnalyzerCapabilities()

    def check(self) -> AnalyzerHealth:
        return AnalyzerHealth(presets=self._client.presets())

    def analyze(self, audio: Audio, config: AnalysisConfig, *, deadline_seconds: float) -> bytes:
        most = self.capabilities.max_bytes
        if audio.size > most:
            raise SkipCall(
                f"The recording has {audio.size:,} bytes, and Velma takes at most {most:,}. Have the dialer "
                "record in a compressed format such as MP3 or Opus.",
                code="audio_too_large",
            )
        with audio.path.open("rb") as stream:
            return self._client.analyze(
                stream,
                filename=f"recording.{audio.extension}",
                media_type=audio.media_type,
                config=canonical_json(batch_config(config)),
                deadline_seconds=deadline_seconds,
            )

    def parse(
        self, answer: bytes, *, audio_sha256: str, config: AnalysisConfig, analyzed_at: datetime
    ) -> Analysis:
        return parse_answer(
            answer,
            analyzer=self.name,
            audio_sha256=audio_sha256,
            config_hash=config.hash,
            analyzed_at=analyzed_at,
        )

    def heard_seconds(self, answer: bytes) -> float | None:
        return heard_seconds(answer)

    def close(self) -> None:
        """Nothing to release: every request closes its own connection."""
