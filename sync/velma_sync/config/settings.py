"""Everything that `velma-sync.yaml` can say, with its meaning and its default.

Parts that may hold secrets (connectors, recordings, Velma, the ledger) are plain data here: `parts`
validates them by their own models after the secrets were put in.
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, model_validator

Options = dict[str, Any]

LONGEST_NAME = 255
"""Bytes of one name in a path, on every common file system."""
YEARS = range(2000, 2101)
"""When calls can have been. CRMs refuse much earlier times, and near the ends of time one cannot count on."""


def _connection_name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", name):
        raise ValueError(
            "is no name for a connection; use at most 40 small letters, digits and hyphens, a letter first"
        )
    return name


def _path(path: Path) -> Path:
    try:
        named = os.fsencode(path)
    except UnicodeEncodeError:
        named = b"\0"
    if b"\0" in named:
        raise ValueError("holds a character that no path has")
    if any(len(part) > LONGEST_NAME for part in named.split(b"/")):
        raise ValueError(f"names a file or directory with more than {LONGEST_NAME} bytes")
    return path


def _in_years(time: datetime) -> datetime:
    if time.year not in YEARS:
        raise ValueError(f"must be a time of the years {YEARS[0]} to {YEARS[-1]}")
    return time


ConnectionName = Annotated[str, AfterValidator(_connection_name)]
LocalPath = Annotated[Path, AfterValidator(_path)]
Minutes = Annotated[float, Field(gt=0, le=60 * 24)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ConnectionSettings(_Section):
    """One account of a CRM."""

    kind: str = Field(description="Which CRM it is, such as salesforce.")
    options: Options = Field(default={}, description="Settings of that kind of CRM.")
    mapping: Path = Field(description="The mapping file: which value goes to which field.")
    start_at: Annotated[AwareDatetime, AfterValidator(_in_years)] | None = Field(
        default=None,
        description="Calls changed before this time are left alone. Default: the first run.",
    )


class AnalysisSettings(_Section):
    """What is asked about each call, and of whom."""

    file: Path = Field(description="The analysis file: conversation types, roles and behaviors to look for.")
    velma: Options = Field(default={}, description="How Velma is reached.")


class ScheduleSettings(_Section):
    """How often the daemon looks."""

    poll_minutes: Minutes = Field(default=2, description="Minutes between two looks for new calls.")


def _postgresql(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme not in ("postgresql", "postgresql+psycopg"):
        raise ValueError("must begin with postgresql://; for a file write path instead")
    if ":" in rest.partition("/")[0].rpartition("@")[0] or "password=" in rest:
        raise ValueError("the password does not belong in the address; leave it out")
    return f"postgresql+psycopg://{rest}"


class LedgerSettings(_Section):
    """Where the daemon remembers what it did: a SQLite file, or a PostgreSQL database."""

    path: LocalPath = Field(default=Path("velma-sync.db"), description="The SQLite file. Local disks only.")
    url: Annotated[str, AfterValidator(_postgresql)] | None = Field(
        default=None, description="Address of a PostgreSQL database, used in place of the file."
    )
    password: SecretStr | None = Field(default=None, description="Password of the PostgreSQL user.")

    @model_validator(mode="after")
    def _one_place(self) -> LedgerSettings:
        if self.url is not None and "path" in self.model_fields_set:
            raise ValueError("names a path and a url; keep one")
        return self


class LimitSettings(_Section):
    """What the daemon allows itself."""

    max_in_flight: int = Field(
        default=2, ge=1, le=100, description="Analyses at the same time, over all connections."
    )
    max_resend: int = Field(
        default=1,
        ge=0,
        le=5,
        description="How often a recording is sent again when its answer was lost. Each may be billed.",
    )
    min_seconds: int = Field(default=15, ge=0, description="Shorter calls are skipped.")
    max_seconds: int = Field(default=4 * 3600, gt=0, description="Longer calls are skipped.")

    @model_validator(mode="after")
    def _shortest_before_longest(self) -> LimitSettings:
        if self.min_seconds >= self.max_seconds:
            raise ValueError("min_seconds must be smaller than max_seconds")
        return self


class Settings(_Section):
    """The whole file."""

    version: Literal[1] = Field(description="Version of this format: 1.")
    connections: dict[ConnectionName, ConnectionSettings] = Field(
        min_length=1,
        description="CRM accounts by name: small letters, digits and hyphens, beginning with a letter.",
    )
    analysis: AnalysisSettings = Field(description="What is asked about each call.")
    recordings: Options = Field(
        default={}, description="Where recordings may be fetched from, apart from the CRMs themselves."
    )
    schedule: ScheduleSettings = Field(default=ScheduleSettings(), description="How often the daemon looks.")
    limits: LimitSettings = Field(default=LimitSettings(), description="What the daemon allows itself.")
    ledger: Options = Field(default={}, description="Where the daemon remembers what it did.")
    audio_directory: LocalPath = Field(
        default=Path("audio"),
        description="Where recordings lie while they are analyzed. Emptied after use.",
    )
    secrets_directory: LocalPath | None = Field(
        default=None, description="Directory with one file per secret. VELMA_SYNC_SECRETS_DIR wins."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="How much of its own work the daemon logs."
    )
