"""What is said of one account: what its kind tells, a day's requests, recordings, earlier probes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.wrappers import Request, Response

from velma_connectors.administration import Diagnosis, Mark, ProbeAnswer
from velma_connectors.errors import RetryLater, StopConnection
from velma_connectors.model import ApiBudget, FieldKind, Page, Recording, RecordingSource, Window
from velma_connectors.recordings.options import RecordingOptions
from velma_connectors.sandbox.server import RunningServer
from velma_connectors.testing.far_side import CALL, DEAL, MemoryCrm, writable
from velma_connectors.testing.faults import Fault
from velma_connectors.testing.memory import MemoryConnector
from velma_sync.config.load import Configuration
from velma_sync.config.settings import LedgerSettings
from velma_sync.doctor.probing import probe, probed_connections
from velma_sync.workspace import Workspace

from .rig import FIELDS, NOW, SOUND, FakeAdministration, configured, crm, examined, told

HIDDEN = Diagnosis("rights", Mark.PROBLEM, "status is hidden.", "Open it.", fields=(f"{CALL}.status",))


def test_what_the_kind_of_crm_tells_stands_beside_who_we_are() -> None:
    kind = FakeAdministration([Diagnosis("version", Mark.ADVICE, "Version 1 ends soon.", "Use 2.")])
    report = examined(configured({"a": crm()}, administration=kind))
    assert told(report, Mark.ADVICE) == [("a", "Version 1 ends soon. Use 2.")]
    assert [spec.name for spec in kind.specs] == ["status", "last_summary"]
    assert not any("tells nothing of rights" in sentence for _, sentence in told(report, Mark.OK))


def test_a_field_that_the_crm_explains_is_not_told_twice() -> None:
    fields = {CALL: [], DEAL: [writable("last_summary", FieldKind.BOOLEAN)]}
    report = examined(configured({"a": crm(fields)}, administration=FakeAdministration([HIDDEN])))
    first, second = [sentence for _, sentence in told(report, Mark.PROBLEM)]
    assert first == "status is hidden. Open it."
    assert second.startswith(f"{DEAL}: last_summary: ")


def test_a_refused_login_is_told_once_with_its_remedy() -> None:
    far = crm()
    far.faults.add(Fault("check", StopConnection("Wrong secret.")))
    refusal = Diagnosis("login", Mark.REFUSED, "Wrong secret.", "Setup > Keys.")
    report = examined(configured({"a": far}, administration=FakeAdministration([refusal])))
    assert told(report, Mark.REFUSED) == [("a", "Wrong secret. Setup > Keys.")]
    assert far.requests["check"] == 0


def test_a_mistake_of_ours_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("velma_sync.doctor.accounts.note_facts", broken)
    report = examined(configured({"a": crm()}))
    ((about, sentence),) = told(report, Mark.PROBLEM)
    assert (about, sentence) == (
        "a",
        "Could not be examined: internal error in velma-sync (ZeroDivisionError). Report it with the trace "
        "in the log.",
    )
    assert [fact.topic for fact in report.facts if fact.about == "a"][-2:] == ["requests", "recordings"]


def test_the_same_refusal_of_several_examinations_is_told_once() -> None:
    far = crm()
    for method in ("calls", "fields", "count"):
        far.faults.add(Fault(method, StopConnection("The API is off."), times=9))
    assert told(examined(configured({"a": far})), Mark.REFUSED) == [("a", "The API is off.")]


class Counting(MemoryConnector):
    """Its account has a small allowance."""

    allowed = 800

    def budget(self) -> ApiBudget:
        return replace(super().budget(), used=1, allowed=self.allowed)


def test_a_day_is_reckoned_from_a_look_that_is_counted() -> None:
    (sentence,) = [text for _, text in told(examined(configured({"a": crm()})), Mark.OK) if "A day" in text]
    assert sentence == (
        "A day costs about 216 API requests: 206 looks at 1 each, and for each call up to 10 more; 1 call "
        "changed in the last day."
    )


class Learning(MemoryConnector):
    """Looks up owners, deals and pipelines when it sees calls."""

    looked_up = 0

    def calls(self, window: Window, cursor: str | None, *, limit: int) -> Page:
        page = super().calls(window, cursor, limit=limit)
        self.looked_up += 4 if page.calls else 0
        return page

    def budget(self) -> ApiBudget:
        told = super().budget()
        return replace(told, requests=told.requests + self.looked_up)


def test_a_look_is_reckoned_without_what_its_calls_cost() -> None:
    report = examined(configured({"a": crm()}, connector=Learning))
    (sentence,) = [text for _, text in told(report, Mark.OK) if "A day" in text]
    assert "206 looks at 1 each" in sentence


def test_a_day_that_takes_a_large_part_of_the_allowance_is_advised_against() -> None:
    report = examined(configured({"a": crm()}, connector=Counting))
    ((_, sentence),) = told(report, Mark.ADVICE)
    assert "That is 27 % of the account's 800. Raise poll_minutes (velma-sync.yaml)." in sentence


@pytest.mark.parametrize(
    ("audio", "mark", "words"),
    [
        (SOUND, Mark.OK, "Recordings in the CRM: 1 of 1 tried can be fetched."),
        (b"<!DOCTYPE html>", Mark.PROBLEM, "Recordings in the CRM: 0 of 1 tried can be fetched. "),
        (None, Mark.PROBLEM, "No call of the last 14 days has a recording; 1 were looked at."),
    ],
)
def test_recordings_that_the_crm_keeps_are_opened(audio: bytes | None, mark: Mark, words: str) -> None:
    report = examined(configured({"a": crm(audio=audio)}))
    (fact,) = [each for each in report.facts if each.topic == "recordings"]
    assert fact.mark is mark
    assert fact.sentence.startswith(words)


def test_a_crm_without_calls_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    report = examined(configured({"a": MemoryCrm(lambda: NOW, FIELDS)}))
    ((_, sentence),) = told(report, Mark.ADVICE)
    assert sentence.startswith(
        "No call to analyze is found in the last 14 days. Check the options of the connection"
    )


def linked(*links: str) -> MemoryCrm:
    """A CRM whose calls name these links, the newest last."""
    far = MemoryCrm(lambda: NOW, FIELDS)
    for number, link in enumerate(links):
        far.add_call(f"c{number}", saved_at=NOW - timedelta(hours=24 - number))
        call = far.calls[f"c{number}"]
        far.calls[f"c{number}"] = replace(call, recording=Recording(RecordingSource.URL, link))
    return far


def over_loopback(far: MemoryCrm, port: int) -> Configuration:
    source = {"name": "dialer", "hosts": ["127.0.0.1"], "ports": [port]}
    return replace(configured({"a": far}), recordings=RecordingOptions.model_validate({"sources": [source]}))


def test_links_are_tried_host_by_host_and_never_shown() -> None:
    asked: list[tuple[str, str | None]] = []

    @Request.application
    def host(request: Request) -> Response:
        asked.append((request.path, request.headers.get("Range")))
        match request.path:
            case "/moved":
                return Response(status=302, headers={"Location": "/sound"})
            case "/login":
                return Response("<html>", content_type="text/html")
            case "/gone":
                return Response(status=410)
        return Response(SOUND * 40_000, content_type="audio/ogg")

    with RunningServer(host) as server:
        links = [f"{server.url}/{name}" for name in ("never", "sound", "moved", "login")]
        report = examined(over_loopback(linked(*links, "https://dialer.example/secret-link"), server.port))
    facts = [fact for fact in report.facts if fact.topic == "recordings"]
    assert [(fact.mark, fact.sentence.partition(".")[0][:44]) for fact in facts] == [
        (Mark.ADVICE, "Recordings on 127"),
        (Mark.PROBLEM, "Recordings on dialer"),
    ]
    assert "2 of 3 tried can be fetched. The recording is" in facts[0].sentence
    assert "dialer.example, which is not in your list of allowed hosts" in facts[1].sentence
    assert all(fact.remedy == "See recordings.sources (velma-sync.yaml)." for fact in facts)
    assert "secret-link" not in str(report)
    assert sorted(asked) == [
        ("/login", "bytes=0-8191"),
        ("/moved", "bytes=0-8191"),
        ("/sound", "bytes=0-8191"),
        ("/sound", "bytes=0-8191"),
    ], "three of a host are enough, and only their first bytes"


@pytest.mark.parametrize("link", ["https://", "no link"])
def test_a_link_that_cannot_be_read_is_told(link: str) -> None:
    report = examined(configured({"a": linked(link)}))
    (fact,) = [each for each in report.facts if each.topic == "recordings"]
    assert fact.mark is Mark.PROBLEM
    assert fact.sentence.startswith("Recordings behind links that cannot be read: 0 of 1 tried")


def kept(tmp_path: Path, kind: FakeAdministration) -> Configuration:
    ledger = LedgerSettings(path=tmp_path / "ledger.db")
    return replace(configured({"a": crm()}, administration=kind), ledger=ledger)


def test_answers_of_probes_are_told_by_later_runs_with_their_age(tmp_path: Path) -> None:
    answers = [
        ProbeAnswer("own_write", "moves", "An own write moves the stamp."),
        ProbeAnswer("note_block", "is_lost", "Notes are lost.", Mark.PROBLEM),
    ]
    configuration = kept(tmp_path, FakeAdministration(answers=answers))
    with Workspace(configuration) as workspace:
        assert probed_connections(workspace) == ("a",)
        assert probe(workspace, ["a"]) == []
        since = workspace.ledger.now()
    for later, age in ((0, "just now"), (5, "5 h ago"), (24 * 40, "40 days ago")):
        now = since + timedelta(hours=later, minutes=1)
        report = examined(configuration, now=now)
        assert [(each.mark, each.sentence) for each in report.facts if each.topic == "probe"] == [
            (Mark.PROBLEM, f"Notes are lost. (Probed {age}.)"),
            (Mark.OK, f"An own write moves the stamp. (Probed {age}.)"),
        ]


@pytest.mark.parametrize("verdict", [RetryLater("It is down."), StopConnection("A record was left.")])
def test_a_probe_that_fails_is_told_and_keeps_earlier_answers(
    tmp_path: Path, verdict: RetryLater | StopConnection
) -> None:
    kind = FakeAdministration(answers=[ProbeAnswer("own_write", "moves", "It moves.")])
    with Workspace(kept(tmp_path, kind)) as workspace:
        probe(workspace, ["a"])
        kind.answers = verdict
        (fact,) = probe(workspace, ["a"])
    assert (fact.mark, fact.about, fact.sentence) == (Mark.REFUSED, "a", str(verdict))
    report = examined(kept(tmp_path, kind))
    assert [each.sentence.partition(" (")[0] for each in report.facts if each.topic == "probe"] == [
        "It moves."
    ]


def test_kinds_without_administration_are_not_probed() -> None:
    with Workspace(configured({"a": crm()})) as workspace:
        assert probed_connections(workspace) == ()
