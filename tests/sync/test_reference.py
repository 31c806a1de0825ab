"""The page of reference says what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from velma_connectors.registry import kind_names
from velma_mappings.transforms import TRANSFORMS
from velma_sync.reference import page

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"


def test_the_page_is_what_the_models_say_now() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make docs"


@pytest.mark.parametrize(
    "word", [*TRANSFORMS, *kind_names(), "next_step", "sentiment.average", "max_in_flight"]
)
def test_the_page_has(word: str) -> None:
    assert f"`{word}`" in page()


def test_no_setting_is_without_a_meaning() -> None:
    settings = [line.strip("|").split("|") for line in page().splitlines() if line.startswith("| `")]
    assert [cells[0] for cells in settings if len(cells) == 4 and not cells[3].strip()] == []


def test_every_secret_says_where_it_is_read_from() -> None:
    sources = (f"VELMA_SYNC_RECORDINGS_<SOURCE>_{option}" for option in ("PASSWORD", "TOKEN", "VALUE"))
    for variable in ("VELMA_SYNC_VELMA_API_KEY", "VELMA_SYNC_LEDGER_PASSWORD", *sources):
        assert f"`{variable}`" in page()
