"""How the emulator answers: one switch for each thing the real service does sometimes, or may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class VelmaModes:
    """Shapes, waits and uncertain facts. The defaults are what live answers of 2026 showed."""

    # What the answer looks like
    label_style: Literal["1", "Speaker_1"] = "1"
    old_shape: bool = False
    """Rows for every behavior asked for, with `skipped`, `skip_reason` and `error_reason`."""
    null_summary: bool = False
    absent_parts: bool = False
    """Leave out every key that the specification does not require."""
    null_speaker: bool = False
    """Detections are about the conversation as a whole."""
    duplicate_rows: bool = False
    """Each detection comes twice, the second less sure."""
    unknown_emotion: bool = False
    """Some clips carry an emotion outside the documented set."""
    stray_evidence: bool = False
    """Each detection names a clip that is not in `clips`."""
    swapped_roles: bool = False
    default_picks: bool = False
    """No speaker's role is inferred; all picks come from the default."""
    no_clips: bool = False
    """Nobody was heard speaking."""

    # How long it takes
    latency_seconds: float = 0.0
    processing_limit_seconds: float | None = None
    """A latency beyond this ends in a 504 at this moment. It has been billed."""
    trickle_seconds: float = 0.0
    """Time over which the body of the answer dribbles out."""

    # What is not known for certain
    max_upload_bytes: int = 100_000_000
    """The documents say 100 MB without saying which; this is the smaller reading."""
    too_large_status: Literal[413, 400] = 413
    bad_key_status: Literal[403, 401] = 403
    missing_key_status: Literal[422, 401] = 422
    checks_audio: bool = True
    """Refuse bytes that are no audio of the container the file name says."""
    empty_scope_is_all: bool = False
    """Whether `[]` in `applies_to_*` means everything, like null, or nothing."""
    presets_need_quota: bool = False
    """Whether list-presets is refused once the monthly limit is used up."""
    concurrency_detail: str = "Concurrency limit exceeded."
    monthly_detail: str = "Monthly limit reached."
    model_detail: str = "Model access not enabled."
