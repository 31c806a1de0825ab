"""The sample calls as a CRM knows them, and the story around them: accounts, people, deals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from velma_connectors.sandbox.samples.dialogue import Dialogue

DaysAgo = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Heard(StrEnum):
    """Where a call's recording is to be found."""

    URL = "url"
    LATE = "late"
    """Behind a URL that the call's record is given later."""
    LOGIN_PAGE = "login_page"
    """The URL answers with a page to sign in on."""
    FILE = "file"
    """The org itself holds the audio."""
    REDIRECTOR = "redirector"
    """Behind the portal's own redirector, which only lets in who is signed in."""


class CallFacts(_Part):
    """What the CRM record of a call says.

    `deal` is the deal that a person would say the call belongs to, None when nobody can tell; `about`
    is the record that the call itself names. `stage` is the deal's stage at call time. `seconds` is
    only stated where there is no audio to measure. `voicemail`: the dialer knew that it was one. `notes` are
    the rep's own words.
    """

    account: str
    deal: str | None
    about: Literal["deal", "account", "contact"]
    contact: str
    rep: str
    direction: Literal["Inbound", "Outbound"]
    days_ago: DaysAgo
    at: time
    stage: str | None
    recording: Heard = Heard.URL
    seconds: int | None = None
    voicemail: bool = False
    notes: str = ""


class CallScript(_Part):
    """One call's file: the CRM's facts, and either a dialogue, music, another call's audio or none."""

    title: str
    crm: CallFacts
    dialogue: Dialogue | None = None
    music_seconds: int | None = None
    same_audio_as: str | None = None

    @model_validator(mode="after")
    def _has_one_sound(self) -> CallScript:
        sounds = [self.dialogue, self.music_seconds, self.same_audio_as]
        wanted = 0 if self.crm.recording is Heard.LOGIN_PAGE else 1
        if len(sounds) - sounds.count(None) != wanted:
            raise ValueError(f"this call needs {wanted} of dialogue, music_seconds and same_audio_as")
        return self

    def started_at(self, today: datetime) -> datetime:
        """When the call took place, for a story told on `today`."""
        day = (today - timedelta(days=self.crm.days_ago)).date()
        return datetime.combine(day, self.crm.at, UTC)


class Rep(_Part):
    first: str
    last: str


class Contact(_Part):
    first: str
    last: str
    account: str
    title: str


class Deal(_Part):
    """An open deal. `stages` says how many days ago each stage began, oldest first."""

    name: str
    account: str
    rep: str
    amount: int
    stages: Mapping[str, DaysAgo]

    @property
    def stage(self) -> str:
        """The stage now."""
        return list(self.stages)[-1]

    def stage_at(self, days_ago: int) -> str | None:
        """The stage on a day; None before the deal existed."""
        begun = [stage for stage, since in self.stages.items() if since >= days_ago]
        return begun[-1] if begun else None


class Story(_Part):
    """Everybody and everything the sample calls are about, by the keys that the calls use."""

    reps: Mapping[str, Rep]
    accounts: Mapping[str, str]
    contacts: Mapping[str, Contact]
    deals: Mapping[str, Deal]
