"""The committed samples agree with each other: scripts, story, audio, timings and the hand-written truth."""

from __future__ import annotations

import hashlib
import re
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from velma_connectors.registry import load_kind
from velma_connectors.sandbox.recordings import distinct_copy
from velma_connectors.sandbox.recordings.copies import COPY_COMMENT
from velma_connectors.sandbox.samples import SampleCall, Team, expected, load_samples
from velma_connectors.sandbox.samples import generate as speech
from velma_connectors.sandbox.samples.call import Heard, Story
from velma_connectors.sandbox.samples.dialogue import Dialogue, untagged
from velma_connectors.sandbox.samples.library import AUDIO, FOLDER
from velma_connectors.velma.playbook import AnalysisFile, select, shipped_text
from velma_mappings.mapping_file import MappingFile

SAMPLES = load_samples()
TEAMS = {"org": SAMPLES.org, "portal": SAMPLES.portal}
CALLS = list(SAMPLES.calls.values())
SPOKEN = [call for call in CALLS if call.script.dialogue is not None]
RECORDED = [call for call in CALLS if call.audio is not None]
TRUTH = expected()

BEHAVIORS = {
    "Rapport Building",
    "Action Plan Created",
    "Unaddressed Question",
    "Off-topic Discussion",
    "Competitor Mention",
    "Talk-track Deviation - Discovery",
    "Talk-track Deviation - Negotiation",
    "Pre-established Professional Relationship",
    "Price Sensitivity",
    "Objection Timing",
    "Objection Trust",
}
EMOTIONS = frozenset(
    """Neutral Calm Happy Amused Excited Proud Affectionate Interested Hopeful Frustrated Angry Contemptuous
    Concerned Afraid Sad Ashamed Bored Tired Surprised Anxious Stressed Disgusted Disappointed Confused
    Relieved Confident""".split()  # noqa: SIM905 - a list of 26 strings reads worse
)


each_team = pytest.mark.parametrize("crm", TEAMS)


def story_of(call: SampleCall) -> Story:
    return next(team.story for team in TEAMS.values() if call.key in team.calls)


def key(call: SampleCall) -> str:
    return call.key


def dialogue(call: SampleCall) -> Dialogue:
    assert call.script.dialogue is not None
    return call.script.dialogue


def opus_ms(ogg: bytes) -> int:
    """Length of an Ogg Opus file from its last page, as RFC 7845 counts it."""
    last = ogg.rfind(b"OggS")
    granule: int = struct.unpack_from("<q", ogg, last + 6)[0]
    pre_skip: int = struct.unpack_from("<H", ogg, ogg.find(b"OpusHead") + 10)[0]
    return (granule - pre_skip) * 1000 // 48_000


@pytest.mark.parametrize("call", RECORDED, ids=key)
def test_the_committed_audio_is_the_one_the_timings_were_taken_from(call: SampleCall) -> None:
    assert call.audio is not None
    assert call.sound is not None
    ogg = call.audio.read_bytes()
    assert hashlib.sha256(ogg).hexdigest() == call.sound.sha256, f"run {speech.__name__} and commit both"
    assert abs(opus_ms(ogg) - call.sound.duration_ms) < 100


def test_no_audio_lies_about_that_no_call_uses_and_all_of_it_is_small() -> None:
    files = set(AUDIO.iterdir())
    assert files == {call.audio for call in RECORDED}
    assert sum(path.stat().st_size for path in files) < 6_000_000


@pytest.mark.parametrize("call", SPOKEN, ids=key)
def test_lines_are_heard_one_after_the_other_within_the_recording(call: SampleCall) -> None:
    assert call.sound is not None
    assert len(call.sound.spans) == len(dialogue(call).lines)
    end = 0
    for span in call.sound.spans:
        assert span.start_ms >= end
        assert span.duration_ms > 400
        end = span.start_ms + span.duration_ms
    assert end <= call.sound.duration_ms


def test_calls_last_between_20_and_90_seconds_but_for_the_short_voicemail() -> None:
    lengths = {call.key: call.sound.duration_ms for call in RECORDED if call.sound is not None}
    assert lengths.pop("osprey-2-voicemail") < 15_000
    assert all(20_000 <= length <= 90_000 for length in lengths.values()), lengths


@pytest.mark.parametrize("call", SPOKEN, ids=key)
def test_scripts_use_the_words_that_analyses_use(call: SampleCall) -> None:
    assert {line.feels for line in dialogue(call).lines} <= EMOTIONS
    assert {signal.behavior for signal in dialogue(call).signals} <= BEHAVIORS
    assert all("<" not in untagged(line.says) for line in dialogue(call).lines)
    assert "<" not in untagged(dialogue(call).summary or "")


@pytest.mark.parametrize("call", CALLS, ids=key)
def test_a_call_fits_the_story(call: SampleCall) -> None:
    story, crm = story_of(call), call.script.crm
    assert crm.rep in story.reps
    assert story.contacts[crm.contact].account == crm.account
    if crm.deal is None:
        assert crm.stage is None
        assert crm.about != "deal"
        return
    deal = story.deals[crm.deal]
    assert deal.account == crm.account
    assert deal.rep == crm.rep
    assert deal.stage_at(crm.days_ago) == crm.stage


@pytest.mark.parametrize("call", SPOKEN, ids=key)
def test_only_people_of_the_story_or_their_colleagues_are_tagged(call: SampleCall) -> None:
    story = story_of(call)
    contacts = {contact.first for contact in story.contacts.values()}
    known = contacts | {rep.first for rep in story.reps.values()} | {"Wren"}
    said = [*(line.says for line in dialogue(call).lines), dialogue(call).summary or ""]
    tagged = set(re.findall(r"<pii:firstname>(.*?)</pii:firstname>", " ".join(said)))
    assert tagged <= known


def counts(team: Team) -> tuple[int, int, int]:
    return len(team.calls), len(team.story.deals), len(team.story.accounts)


def test_the_stories_have_their_special_cases() -> None:
    assert {crm: counts(team) for crm, team in TEAMS.items()} == {"org": (18, 6, 6), "portal": (9, 4, 5)}
    by_recording = {how: [call.key for call in CALLS if call.script.crm.recording is how] for how in Heard}
    assert by_recording[Heard.LATE] == ["osprey-4-follow-up", "tarnholt-3-presentation"]
    assert by_recording[Heard.LOGIN_PAGE] == ["penwick-2-login-page"]
    assert by_recording[Heard.FILE] == ["osprey-3-demo"]
    assert by_recording[Heard.REDIRECTOR] == ["tarnholt-1-inspections"]
    assert [call.key for call in CALLS if call.script.crm.voicemail] == ["tarnholt-2-voicemail"]
    twin = SAMPLES.calls["dunmere-3-logged-twice"]
    assert twin.sound == SAMPLES.calls["dunmere-2-negotiation"].sound
    two_deals = [deal for deal in SAMPLES.org.story.deals.values() if deal.account == "tamsin"]
    assert len(two_deals) == 2
    for team, loner in ((SAMPLES.org, "saltmarsh"), (SAMPLES.portal, "lunegarth")):
        assert not any(deal.account == loner for deal in team.story.deals.values())


SHARED = {
    "harborlight-2-in-both": "harborlight-2-demo",
    "harborlight-3-in-both": "harborlight-3-negotiation",
}


def test_two_calls_are_in_both_crms_with_the_very_same_recording() -> None:
    shared = {key: call.script.same_audio_as for key, call in SAMPLES.portal.calls.items()}
    assert {key: same for key, same in shared.items() if same} == SHARED
    for ours, theirs in SHARED.items():
        here, there = SAMPLES.portal.calls[ours], SAMPLES.org.calls[theirs]
        assert (here.sound, here.script.title) == (there.sound, there.script.title)
        assert here.script.crm.days_ago == there.script.crm.days_ago
        assert here.script.crm.at == there.script.crm.at
        assert TRUTH["calls"][ours] == TRUTH["calls"][theirs]
    both = SAMPLES.portal.story.deals.keys() & SAMPLES.org.story.deals.keys()
    assert both == {"harborlight-reporting"}
    (ours_now, theirs_now) = (team.story.deals["harborlight-reporting"] for team in TEAMS.values())
    assert ours_now.name == theirs_now.name


def shipped(text: str) -> Any:
    return YAML(typ="safe").load(text)


QUESTIONS = AnalysisFile.model_validate(shipped(shipped_text()))


@pytest.mark.parametrize("ours", SHARED)
def test_a_call_in_both_crms_is_asked_the_same_question(ours: str) -> None:
    """Who renames a stage of the samples, or of one shipped file only, has the recording paid twice."""
    hashes = {
        select(QUESTIONS, stage=call.script.crm.stage, pipeline=pipeline, terms=mapping.terms()).hash
        for kind, pipeline, call in (
            ("salesforce", None, SAMPLES.calls[SHARED[ours]]),
            ("hubspot", "Sales Pipeline", SAMPLES.calls[ours]),
        )
        for mapping in [MappingFile.model_validate(shipped(load_kind(kind).default_mapping()))]
    }
    assert len(hashes) == 1


@pytest.mark.parametrize("call", [call for call in SPOKEN if call.script.crm.stage], ids=key)
def test_the_stage_of_a_call_asks_for_the_kind_of_talk_that_it_is(call: SampleCall) -> None:
    (kind,) = select(QUESTIONS, stage=call.script.crm.stage, pipeline=None).conversation_types
    assert dialogue(call).conversation in kind.name.casefold()


@each_team
def test_calls_are_in_the_order_in_which_they_took_place(crm: str) -> None:
    today = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
    times = [call.script.started_at(today) for call in TEAMS[crm].calls.values()]
    assert times == sorted(times)
    first = {
        "org": datetime(2026, 4, 10, 9, 30, tzinfo=UTC),
        "portal": datetime(2026, 4, 17, 11, 40, tzinfo=UTC),
    }
    assert times[0] == first[crm]
    assert max(times) < today


def test_the_truth_speaks_of_every_call_and_of_no_other() -> None:
    assert set(TRUTH["calls"]) == set(SAMPLES.calls)
    for crm, team in TEAMS.items():
        assert set(TRUTH[crm]["last_call"]) == set(team.story.deals)
    for call in CALLS:
        assert TRUTH["calls"][call.key]["deal"] == call.script.crm.deal


@pytest.mark.parametrize("call", SPOKEN, ids=key)
def test_topics_are_in_one_group_of_the_vocabulary_or_named_as_unmatched(call: SampleCall) -> None:
    truth = TRUTH["calls"][call.key]
    for topic in dialogue(call).topics:
        groups = [
            group
            for group, words in TRUTH["topic_groups"].items()
            if topic.name.casefold() in [word.casefold() for word in words]
        ]
        assert len(groups) == (0 if topic.name in truth["other_topics"] else 1), topic.name


def test_named_competitors_are_named_aloud() -> None:
    for call in SPOKEN:
        words = " ".join(line.says for line in dialogue(call).lines)
        named = sorted(name for name in TRUTH["competitors"] if name in words)
        assert named == TRUTH["calls"][call.key].get("competitors", []), call.key


def filtered(calls: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """The three report filters over the truth's own values."""
    low = TRUTH["negative"]
    return {
        "next_step_not_confirmed": sorted(
            key for key, call in calls.items() if call.get("next_step") == "Not confirmed"
        ),
        "negative_on_pricing": sorted(
            key for key, call in calls.items() if call.get("sentiment", {}).get("Pricing", 1) <= low
        ),
        "competitor_named": sorted(key for key, call in calls.items() if call.get("competitors")),
    }


@each_team
def test_the_truth_of_the_reports_follows_from_the_truth_of_the_calls(crm: str) -> None:
    told = TRUTH[crm]
    calls = {key: TRUTH["calls"][key] for key in TEAMS[crm].calls}
    assert filtered(calls) == told["reports"]["calls"]
    assert (
        filtered({deal: calls[call] for deal, call in told["last_call"].items()}) == told["reports"]["deals"]
    )
    early = told["before_the_late_recording"]
    heard = {
        key: call for key, call in calls.items() if SAMPLES.calls[key].script.crm.recording is not Heard.LATE
    }
    assert filtered(heard) == told["reports"]["calls"] | early["reports"]["calls"]
    deals = {deal: calls[call] for deal, call in (told["last_call"] | early["last_call"]).items()}
    assert filtered(deals) == told["reports"]["deals"] | early["reports"]["deals"]


@each_team
def test_the_last_call_of_a_deal_is_its_newest_with_speech(crm: str) -> None:
    for deal, last in TRUTH[crm]["last_call"].items():
        of_deal = [
            call.key
            for call in TEAMS[crm].calls.values()
            if call.script.crm.deal == deal and "next_step" in TRUTH["calls"][call.key]
        ]
        assert of_deal[-1] == last


def test_the_negative_spike_begins_at_its_line() -> None:
    spike = TRUTH["calls"]["penwick-3-quote"]["negative_spike"]
    call = SAMPLES.calls["penwick-3-quote"]
    assert call.sound is not None
    ids = [line.id for line in dialogue(call).lines]
    second = call.sound.spans[ids.index(spike["line"])].start_ms // 1000
    assert f"{second // 60:02}:{second % 60:02}" == spike["at"]


@pytest.mark.parametrize("call", RECORDED[:3], ids=key)
def test_a_copy_sounds_the_same_and_is_another_file(call: SampleCall) -> None:
    assert call.audio is not None
    original = call.audio.read_bytes()
    first, second = distinct_copy(original, 1), distinct_copy(original, 2)
    assert len({original, first, second}) == 3
    assert distinct_copy(original, 1) == first
    digest = hashlib.sha256(original).hexdigest().encode()
    for copy in (first, second):
        assert COPY_COMMENT + digest in copy[:1000]
        assert pages(copy)[2:] == pages(original)[2:], "the sound has changed"
        assert pages(copy)[0] == pages(original)[0]


def pages(ogg: bytes) -> list[bytes]:
    """The pages of an Ogg file, each with a right checksum (RFC 3533, computed bit by bit)."""
    found: list[bytes] = []
    start = 0
    while start < len(ogg):
        assert ogg[start : start + 4] == b"OggS"
        count = ogg[start + 26]
        end = start + 27 + count + sum(ogg[start + 27 : start + 27 + count])
        page = ogg[start:end]
        if len(found) < 2:
            (checksum,) = struct.unpack_from("<I", page, 22)
            assert bitwise_crc(page[:22] + bytes(4) + page[26:]) == checksum
        found.append(page)
        start = end
    return found


def bitwise_crc(page: bytes) -> int:
    remainder = int.from_bytes(page + bytes(4), "big")
    divisor = 0x104C11DB7
    while remainder.bit_length() > 32:
        remainder ^= divisor << (remainder.bit_length() - 33)
    return remainder


def test_bytes_that_are_no_recording_cannot_be_copied() -> None:
    with pytest.raises(ValueError, match="no Ogg"):
        distinct_copy(b"RIFF" + bytes(100), 1)


def test_the_generator_says_which_program_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    before = sorted(path.stat().st_mtime_ns for path in FOLDER.iterdir())
    assert speech.main() == 1
    assert "espeak-ng and ffmpeg not found" in capsys.readouterr().err
    assert sorted(path.stat().st_mtime_ns for path in FOLDER.iterdir()) == before
