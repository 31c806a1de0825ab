"""Places in a call, as people are shown them."""

from __future__ import annotations

from collections.abc import Iterable

from velma_connectors.analysis import Clip
from velma_mappings.masking import Mask
from velma_mappings.model import Evidence
from velma_mappings.plain_text import cut, one_line
from velma_mappings.roles import Speakers

QUOTE_LENGTH = 200
"""Characters of a clip that are quoted."""


def clock(milliseconds: int) -> str:
    """`mm:ss` from the start; the minutes run on past the hour."""
    minutes, seconds = divmod(milliseconds // 1000, 60)
    return f"{minutes:02}:{seconds:02}"


def places(clips: Iterable[Clip], speakers: Speakers, mask: Mask) -> tuple[Evidence, ...]:
    """Each clip as a place, with its masked words."""
    return tuple(
        Evidence(
            clock(clip.start_ms), speakers.side(clip.speaker), cut(one_line(mask(clip.text)), QUOTE_LENGTH)
        )
        for clip in clips
    )
