"""What must never be seen: tokens in any message, people and their words in any log."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping

import pytest

from velma_connectors.errors import Verdict
from velma_connectors.testing.contract.driving import (
    call_of,
    lately,
    put_note,
    text_place,
    text_record,
    verdict_of,
    walk,
    write,
)
from velma_connectors.testing.contract.recordings import read_recording
from velma_connectors.testing.rig import FaultKind, Rig

TITLE = "Renewal of the lighthouse lamps"
PERSON = "Thaddeus Brindlewick"
DEAL = "Lighthouse lamps, second lot"
WORDS = "He said the keeper drinks."
PRIVATE = {"a title": TITLE, "a person": PERSON, "a deal": DEAL, "what was written": WORDS}

TELLING_FAULTS = [kind for kind in FaultKind if kind is not FaultKind.LOCKED_RECORD]


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """All that any library logged, at any level, with its tracebacks and arguments."""
    lines = [f"{entry.getMessage()} {entry.exc_text or ''}" for entry in caplog.records]
    return "\n".join(lines) + caplog.text


def told_by(verdict: Verdict | None) -> str:
    """All that a log with traceback would show of a verdict."""
    if verdict is None:
        return ""
    return f"{verdict!r} {verdict} {''.join(traceback.format_exception(verdict))}"


def secrets_of(rig: Rig) -> dict[str, str]:
    return {f"secrets[{number}] of the rig": secret for number, secret in enumerate(rig.secrets)}


def assert_hidden(text: str, private: Mapping[str, str], where: str) -> None:
    __tracebackhide__ = True  # pytest would print the secrets themselves
    shown = [what for what, secret in private.items() if secret and secret in text]
    assert not shown, f"{', '.join(shown)}: to be seen in {where}"


class PrivacyContract:
    """Secrets and private words."""

    def test_no_secret_is_shown_or_logged_while_all_is_well(
        self, rig: Rig, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        shown = [repr(each) for each in self._a_days_work(rig)]
        connector = rig.reopen()
        shown += [repr(connector), str(connector), repr(connector.check()), repr(connector.budget())]
        assert rig.secrets, "a rig names the secrets of its connection"
        assert_hidden("\n".join(shown), secrets_of(rig), "a repr")
        assert_hidden(logged(caplog), secrets_of(rig), "the log")

    @pytest.mark.parametrize("kind", TELLING_FAULTS)
    def test_no_secret_is_shown_or_logged_when_something_is_wrong(
        self, rig: Rig, caplog: pytest.LogCaptureFixture, kind: FaultKind
    ) -> None:
        if kind in rig.cannot:
            pytest.skip(f"the far side cannot show '{kind}': {rig.cannot[kind]}")
        caplog.set_level(logging.DEBUG)
        record, name = text_record(rig), text_place(rig).name
        call = call_of(rig, rig.add_call(title=TITLE, person=PERSON, audio=b"RIFF audio"))
        results: list[object] = []
        steps: list[Callable[[], object]] = [
            lambda: rig.connector.count(lately(rig)),
            lambda: results.append(write(rig, record, {name: WORDS})),
            lambda: results.append(put_note(rig.connector, "private", rig.note_targets(), WORDS)),
            lambda: read_recording(rig, call),
            lambda: rig.reopen().check(),
        ]
        with rig.fault(kind):
            told = [told_by(verdict_of(rig, "a request", step)) for step in steps]
        text = "\n".join([*told, repr(results), logged(caplog)])
        locator = call.recording.locator if call.recording else ""
        assert_hidden(text, secrets_of(rig), f"what '{kind}' leaves behind")
        assert_hidden("\n".join(told), {**PRIVATE, "a locator": locator}, f"the messages of '{kind}'")
        assert_hidden(logged(caplog), PRIVATE, f"the log of '{kind}'")

    def test_names_titles_and_notes_are_not_logged(self, rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        work = self._a_days_work(rig)
        assert_hidden(logged(caplog), PRIVATE, "the log")
        assert_hidden(repr(work), PRIVATE, "a repr")

    def test_a_recording_that_is_gone_is_told_without_its_locator(self, rig: Rig) -> None:
        if not rig.connector.capabilities.hosted_recordings:
            pytest.skip("this CRM holds no recordings")
        record = rig.add_call(audio=b"RIFF audio")
        call = call_of(rig, record)
        rig.delete(record)
        told = told_by(verdict_of(rig, "open_recording", lambda: read_recording(rig, call)))
        assert call.recording is not None
        assert_hidden(told, {"the locator": call.recording.locator, **secrets_of(rig)}, "the verdict")

    @staticmethod
    def _a_days_work(rig: Rig) -> list[object]:
        """Read and write everything that is private once; what the connector answered."""
        record, targets = rig.add_call(title=TITLE, person=PERSON, audio=b"RIFF audio"), rig.note_targets()
        rig.link(record, rig.add_deal(name=DEAL))
        rig.settle()
        call = call_of(rig, record)
        noted = text_record(rig)
        return [
            rig.connector.check(),
            walk(rig.connector, lately(rig)),
            call,
            write(rig, noted, {text_place(rig).name: WORDS}),
            put_note(rig.connector, "private", targets, WORDS),
        ]
