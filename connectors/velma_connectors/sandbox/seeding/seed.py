"""What of the samples is put where, whichever CRM it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from velma_connectors.sandbox.recordings import Audio, LoginPage, RecordingHost
from velma_connectors.sandbox.samples import SampleCall, Samples, Team
from velma_connectors.sandbox.samples.call import Heard

LOGGED_AFTER = timedelta(seconds=40)
"""How long after its end a dialer logs a call."""
KNOWN_FOR = timedelta(days=60)
"""How long the CRM has had the accounts and contacts of the story."""
CLOSES_AFTER = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Seed:
    """`today` is the day on which the stories are told; `recordings_url` has no path."""

    samples: Samples
    today: datetime
    recordings_url: str
    copies: int = 1
    distinct_audio: bool = False

    def call_id(self, call: SampleCall, copy: int) -> str:
        """The dialer's id of a call; that of the original is the sample's key."""
        return f"{call.key}.{copy}" if copy else call.key

    def name(self, name: str, copy: int) -> str:
        """What an account or deal of a copy is called."""
        return f"{name} ({copy + 1})" if copy else name

    def path(self, call: SampleCall, copy: int) -> str:
        """Of a call's recording, on the recording host."""
        ending = "" if call.script.crm.recording is Heard.LOGIN_PAGE else ".ogg"
        return f"/calls/{self.call_id(call, copy)}{ending}"

    def url(self, call: SampleCall, copy: int) -> str:
        return self.recordings_url + self.path(call, copy)

    def audio(self, call: SampleCall, copy: int) -> Audio | None:
        if call.audio is None:
            return None
        return Audio(call.audio, copy=copy if copy and self.distinct_audio else None)

    def logged_at(self, call: SampleCall) -> datetime:
        return call.script.started_at(self.today) + timedelta(seconds=call.seconds) + LOGGED_AFTER

    def late_urls(self, team: Team) -> dict[str, str]:
        """What the calls that were logged without a recording are still to get, by the dialer's id."""
        return {
            self.call_id(call, copy): self.url(call, copy)
            for copy in range(self.copies)
            for call in team.calls.values()
            if call.script.crm.recording is Heard.LATE
        }

    def each(self) -> Iterator[tuple[SampleCall, int]]:
        """Every call of every copy, copy 0 being the original."""
        for copy in range(self.copies):
            for call in self.samples.calls.values():
                yield call, copy


def seed_recordings(host: RecordingHost, seed: Seed) -> None:
    """Put every recording behind its path, also the late ones: what comes late is the link to them."""
    for call, copy in seed.each():
        host.put(seed.path(call, copy), seed.audio(call, copy) or LoginPage())
