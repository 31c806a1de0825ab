"""What a live org is asked, against an emulated one in each position of its switches."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from werkzeug.wrappers import Response

from velma_connectors.errors import RetryLater, StopConnection
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.salesforce.probing import SUBJECT, probe
from velma_connectors.sandbox.faults import Fault

Ask = Callable[[], dict[str, str]]


@pytest.fixture
def ask(rig: Any) -> Iterator[Ask]:
    """Probes the org, whose clock is moved by waiting alone."""
    now = [rig.now]

    def clock() -> datetime:
        moment: datetime = now[0]
        return moment

    def wait(seconds: float) -> None:
        now[0] += timedelta(seconds=seconds)

    rig.org.clock = clock
    options = SalesforceOptions.model_validate(
        {"login_url": rig.url, "consumer_key": "key", "consumer_secret": "secret"}
    )
    client = SalesforceClient(options, wait=wait, clock=lambda: clock().timestamp())
    yield lambda: {each.question: each.answer for each in probe(client, wait=wait)}
    client.close()


def left(rig: Any) -> list[str]:
    """Tasks that are still there."""
    return [row["Subject"] for row in rig.org.rows("Task") if not row["IsDeleted"]]


@pytest.mark.parametrize(("moves", "answer"), [(True, "moves"), (False, "stays")])
def test_the_effect_of_our_own_writes_is_found_out(rig: Any, ask: Ask, moves: bool, answer: str) -> None:
    rig.org.switches = replace(rig.org.switches, same_values_move_stamps=moves)
    assert ask() == {
        "own_write": "moves",
        "unchanged_write": answer,
        "note_block": "survives",
        "partial_update": "named",
    }
    assert left(rig) == []


@pytest.mark.parametrize("trims", [True, False])
def test_a_note_survives_whether_or_not_text_is_trimmed(rig: Any, ask: Ask, trims: bool) -> None:
    rig.org.switches = replace(rig.org.switches, trims_text=trims)
    assert ask()["note_block"] == "survives"


def test_an_org_that_rewrites_descriptions_is_found_out(rig: Any, ask: Ask) -> None:
    rig.org.add_flow("Task", lambda record: {"Description": (record.get("Description") or "").upper()})
    assert ask()["note_block"] == "is_lost"
    assert left(rig) == []


@pytest.mark.parametrize("bad_row", ["row", "request"])
def test_a_bad_row_does_not_harm_its_neighbour(rig: Any, ask: Ask, bad_row: Any) -> None:
    rig.org.switches = replace(rig.org.switches, bad_row=bad_row)
    assert ask()["partial_update"] == "named"


def test_the_task_is_removed_also_after_a_failure(rig: Any, ask: Ask) -> None:
    rig.faults.add(Fault(r"^PATCH .*/sobjects/Task/", answer=Response(status=503)))
    with pytest.raises(RetryLater):
        ask()
    assert left(rig) == []


def test_a_removal_whose_answer_is_lost_is_asked_for_again(rig: Any, ask: Ask) -> None:
    rig.faults.add(Fault(r"^DELETE .*/sobjects/Task/", cut="after"))
    assert ask()["own_write"] == "moves"
    assert left(rig) == []


def test_a_write_whose_answer_is_lost_ends_the_probe_and_leaves_nothing(rig: Any, ask: Ask) -> None:
    rig.faults.add(Fault(r"^PATCH .*/sobjects/Task/", cut="after"))
    with pytest.raises(RetryLater, match="Probe again later"):
        ask()
    assert left(rig) == []


def test_a_task_that_may_have_been_made_is_named(rig: Any, ask: Ask) -> None:
    rig.faults.add(Fault(r"^POST .*/sobjects/Task$", cut="after"))
    with pytest.raises(StopConnection, match=f"If Salesforce shows a task '{SUBJECT}', delete it by hand"):
        ask()


def test_a_task_that_cannot_be_removed_is_named(rig: Any, ask: Ask) -> None:
    rig.faults.add(Fault(r"^DELETE .*/sobjects/Task/", cut="before", times=9))
    with pytest.raises(StopConnection, match=r"had to leave the task 00T\w+ .* behind; delete it by hand"):
        ask()
    assert left(rig) == [SUBJECT]


@pytest.fixture
def interrupted(rig: Any) -> Iterator[Callable[[], list[str]]]:
    """Probes the org until Ctrl-C in the first pause; what is then told."""
    options = SalesforceOptions.model_validate(
        {"login_url": rig.url, "consumer_key": "key", "consumer_secret": "secret"}
    )
    client = SalesforceClient(options, wait=lambda _: None)

    def told() -> list[str]:
        with pytest.raises(KeyboardInterrupt) as interruption:
            probe(client, wait=Mock(side_effect=KeyboardInterrupt))
        return list(getattr(interruption.value, "__notes__", ()))

    yield told
    client.close()


def test_an_interrupted_probe_leaves_nothing(rig: Any, interrupted: Callable[[], list[str]]) -> None:
    assert interrupted() == []
    assert left(rig) == []


def test_an_interrupted_probe_names_what_it_has_to_leave(
    rig: Any, interrupted: Callable[[], list[str]]
) -> None:
    rig.faults.add(Fault(r"^DELETE .*/sobjects/Task/", cut="before", times=9))
    (sentence,) = interrupted()
    assert re.match(r"The probe had to leave the task 00T\w+ .* behind; delete it by hand", sentence)
    assert left(rig) == [SUBJECT]
