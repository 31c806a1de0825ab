"""A private directory for audio, and downloaders that may speak to this machine's test servers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from velma_connectors.model import Recording, RecordingSource
from velma_connectors.recordings.download import RecordingDownloader
from velma_connectors.recordings.options import RecordingSourceOptions
from velma_connectors.recordings.store import AudioStore


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "audio"


@pytest.fixture
def store(directory: Path) -> AudioStore:
    return AudioStore(directory)


@pytest.fixture
def source() -> Callable[..., RecordingSourceOptions]:
    """A source of one host and port: `source(8080)`, or with other settings by name."""

    def build(port: int = 443, **settings: Any) -> RecordingSourceOptions:
        return RecordingSourceOptions.model_validate(
            {"name": "dialer", "hosts": ["127.0.0.1"], "ports": [port], **settings}
        )

    return build


@pytest.fixture
def downloader(store: AudioStore) -> Callable[..., RecordingDownloader]:
    def build(*sources: RecordingSourceOptions, **settings: Any) -> RecordingDownloader:
        return RecordingDownloader(sources, store, **{"max_bytes": 1_000_000, **settings})

    return build


@pytest.fixture
def recording() -> Callable[..., Recording]:
    """A recording behind a link, or in the CRM: `recording(url)`, `recording(size=...)`."""

    def build(locator: str = "069-file-id", **facts: Any) -> Recording:
        where = RecordingSource.URL if "://" in locator else RecordingSource.CRM
        return Recording(where, locator, **facts)

    return build


@pytest.fixture
def resolve_to() -> Callable[..., Callable[[str, int], Sequence[str]]]:
    """A resolver with fixed answers: `resolve_to({"a.test": ["203.0.113.9"]})`."""

    def build(names: dict[str, Sequence[str]]) -> Callable[[str, int], Sequence[str]]:
        return lambda host, port: names[host]

    return build
