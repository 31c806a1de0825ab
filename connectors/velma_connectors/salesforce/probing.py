"""What only a live org tells, tried out on one task of our own, which is removed again.

It is a task and no call, so that nobody takes it for work; Salesforce keeps it in the recycle bin for 15
days, as every deleted record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from velma_connectors.administration import Mark, ProbeAnswer
from velma_connectors.errors import OutcomeUnknown, RetryLater, StopConnection, Verdict
from velma_connectors.own_records import named_if_interrupted, removed_again
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.notes import put_note
from velma_connectors.salesforce.rows import NOTE_FIELD
from velma_connectors.salesforce.verdicts import RequestRefused

SUBJECT = "velma-sync probe, may be deleted"
PAUSE_SECONDS = 1.1
"""Between two writes: stamps count whole seconds."""
REMOVAL_TRIES = 3

_TASKS = "sobjects/Task"
_NOBODY = "00T000000000000AAA"
"""Of the form of a task's id, and none."""
_NOTE = ("velma-sync:probe", "Agreed: the next step.\n\nTwo lines & a <sign>.")
_WORDS_OF_A_REP = "  Words of the rep,\nwhich stay as they are."


def probe(client: SalesforceClient, *, wait: Callable[[float], None]) -> list[ProbeAnswer]:
    """Every answer that could be had. `wait` sleeps for seconds.

    Raises RetryLater and StopConnection; the latter names what had to be left behind.
    """
    try:
        with _own_task(client) as task_id:
            return [*_writes(client, task_id, wait), _block(client, task_id), _partial(client, task_id)]
    except OutcomeUnknown as lost:
        raise RetryLater(f"{lost} Probe again later.") from None


@contextmanager
def _own_task(client: SalesforceClient) -> Iterator[str]:
    """The id of a task that exists until the end of the block."""
    perhaps = f"If Salesforce shows a task '{SUBJECT}', delete it by hand."
    try:
        with named_if_interrupted(perhaps):
            made = client.send("POST", _TASKS, {"Subject": SUBJECT, "TaskSubtype": "Task"})
    except OutcomeUnknown as lost:
        raise StopConnection(f"{lost} {perhaps}") from None
    task_id = str(made["id"])
    with removed_again(lambda: _remove(client, task_id)):
        yield task_id


def _remove(client: SalesforceClient, task_id: str) -> None:
    """Delete the task. Raises StopConnection, naming it, when Salesforce will not."""
    reason: Verdict | None = None
    perhaps = f"If Salesforce still shows the task {task_id} ('{SUBJECT}'), delete it by hand."
    for _ in range(REMOVAL_TRIES):
        try:
            with named_if_interrupted(perhaps):
                client.send("DELETE", f"{_TASKS}/{task_id}", None)
        except RequestRefused as refusal:
            if reason is not None and refusal.has("ENTITY_IS_DELETED", "NOT_FOUND"):
                return  # the answer to the first try was lost, not the deletion
            reason = refusal
        except Verdict as verdict:
            reason = verdict
        else:
            return
    raise StopConnection(
        f"The probe had to leave the task {task_id} ('{SUBJECT}') behind; delete it by hand. {reason}"
    )


def _writes(client: SalesforceClient, task_id: str, wait: Callable[[float], None]) -> list[ProbeAnswer]:
    """What a write of ours, and one that changes nothing, do to the stamps."""
    path = f"{_TASKS}/{task_id}"
    stamps = [_look(client, path, "SystemModstamp")]
    for _ in range(2):
        wait(PAUSE_SECONDS)
        client.send("PATCH", path, {"Subject": f"{SUBJECT}."})
        stamps.append(_look(client, path, "SystemModstamp"))
    return [
        _moves("own_write", "An own write", moved=stamps[1] != stamps[0]),
        _moves("unchanged_write", "A write that changes nothing", moved=stamps[2] != stamps[1]),
    ]


def _moves(question: str, what: str, *, moved: bool) -> ProbeAnswer:
    if moved:
        return ProbeAnswer(question, "moves", f"{what} moves SystemModstamp: the call is read once more.")
    return ProbeAnswer(question, "stays", f"{what} leaves SystemModstamp as it is.")


def _block(client: SalesforceClient, task_id: str) -> ProbeAnswer:
    """Whether a note in the Description is found again just as it was written."""
    question, path = "note_block", f"{_TASKS}/{task_id}"
    key, body = _NOTE
    text = put_note(_WORDS_OF_A_REP, key, body) or ""
    try:
        client.send("PATCH", path, {NOTE_FIELD: text})
    except RequestRefused as refusal:
        sentence = f"A note in the Description is refused. {refusal}"
        return ProbeAnswer(question, "refused", sentence, Mark.PROBLEM)
    stored = str(_look(client, path, NOTE_FIELD) or "")
    if put_note(stored, key, body) == stored:
        return ProbeAnswer(question, "survives", "A note in the Description stays as it is written.")
    sentence = "The org rewrites the Description on saving: notes are not found again and would pile up."
    return ProbeAnswer(question, "is_lost", sentence, Mark.PROBLEM)


def _partial(client: SalesforceClient, task_id: str) -> ProbeAnswer:
    """Whether a collection writes its good rows beside a bad one."""
    question = "partial_update"
    rows = [_row(task_id), _row(_NOBODY)]
    try:
        answer = client.send("PATCH", "composite/sobjects", {"allOrNone": False, "records": rows})
    except RequestRefused:
        answer = []
    told = [bool(item.get("success")) for item in answer or ()]
    if told == [True, False]:
        return ProbeAnswer(question, "named", "Salesforce writes good records and names the bad ones.")
    sentence = "One bad record makes Salesforce refuse its whole collection, which is then halved."
    return ProbeAnswer(question, "whole", sentence)


def _row(task_id: str) -> dict[str, object]:
    return {"attributes": {"type": "Task"}, "id": task_id, "Subject": SUBJECT}


def _look(client: SalesforceClient, path: str, field: str) -> Any:
    found: Mapping[str, Any] = client.get(path, {"fields": field})
    return found[field]
