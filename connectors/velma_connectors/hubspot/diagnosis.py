"""What a HubSpot portal lets this key do, and for how long: scopes, versions, allowances, limits.

Changes nothing. Whether a key may write is asked with requests that lack all they would need, which HubSpot
refuses either way: for a missing scope, or for being empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from velma_connectors import judgements
from velma_connectors.administration import Diagnosis, Mark
from velma_connectors.errors import RetryLater, Verdict
from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.identity import ONE
from velma_connectors.hubspot.note_links import NOTES
from velma_connectors.hubspot.schema import TYPE_IDS, WITHOUT_GUARANTEE, definitions_of
from velma_connectors.hubspot.stored_notes import KEY_FIELD
from velma_connectors.hubspot.verdicts import RequestRefused
from velma_connectors.hubspot.versions import ENDS
from velma_connectors.model import FieldSpec, Target

KEY_PLACE = "Development > Keys > Service keys > your key"
"""Where HubSpot shows a key and its scopes (developers.hubspot.com/docs, account service keys)."""
FEW_LEFT = 5

_CONTACTS, _DEALS, _COMPANIES = (f"crm.objects.{name}" for name in ("contacts", "deals", "companies"))
_OBJECTS: Mapping[Target, str] = {
    Target.CALL: "calls",
    Target.DEAL: "deals",
    Target.CONTACT: "contacts",
    Target.ACCOUNT: "companies",
}
_EMPTY = {"inputs": ()}
_SOME_LIST = f"{paths.LISTS}/object-type-id/{TYPE_IDS['deals']}/name/velma-sync"
_NO_SEGMENTS = "velma-sync reports --apply cannot make segments"


@dataclass(frozen=True, slots=True)
class _Right:
    """A scope, the request that tells whether the key has it, and what goes missing without it.

    HubSpot says itself which scopes would do; `scope` is the usual one. `changes`: it is for writing.
    `for_setup`: the daemon does without it.
    """

    scope: str
    path: str
    loss: str
    changes: bool = False
    for_setup: bool = False


def _reading(scope: str, name: str, loss: str) -> _Right:
    return _Right(scope, paths.objects(name), loss)


def _writing(scope: str, name: str, loss: str) -> _Right:
    return _Right(scope, paths.objects(name, "batch/update"), loss, changes=True)


def _creating(name: str) -> _Right:
    loss = f"velma-sync provision cannot create properties of {name}"
    path = paths.properties(name, "batch/create")
    return _Right(f"crm.schemas.{name}.write", path, loss, changes=True, for_setup=True)


RIGHTS = (
    _reading(f"{_CONTACTS}.read", "calls", "no calls are found"),
    _writing(f"{_CONTACTS}.write", "calls", "nothing is written to calls"),
    _reading(f"{_CONTACTS}.read", NOTES, "no summary notes are written"),
    _writing(f"{_CONTACTS}.write", NOTES, "no summary notes are written"),
    _reading(f"{_CONTACTS}.read", "contacts", "calls are analyzed without the people on them"),
    _reading(f"{_DEALS}.read", "deals", "calls are analyzed without their deal"),
    _writing(f"{_DEALS}.write", "deals", "nothing is written to deals"),
    _reading(f"{_COMPANIES}.read", "companies", "calls are analyzed without their company"),
    _Right("crm.objects.owners.read", paths.OWNERS, "calls carry no owner's name"),
    *(
        _Right(f"crm.schemas.{name}.read", paths.properties(name), f"properties of {name} cannot be checked")
        for name in ("calls", "deals", NOTES)
    ),
    *(_creating(name) for name in ("calls", "deals", NOTES)),
    _Right("crm.lists.read", _SOME_LIST, _NO_SEGMENTS, for_setup=True),
    _Right("crm.lists.write", paths.LISTS, _NO_SEGMENTS, changes=True, for_setup=True),
)


def diagnose(client: HubSpotClient, specs: Sequence[FieldSpec], today: date) -> list[Diagnosis]:
    """Everything that can be told. Ends early, with a login that is REFUSED, only when nobody is let in."""
    portal = _Portal(client, specs)
    found: list[Diagnosis] = []
    questions: tuple[tuple[str, Callable[[], Iterable[Diagnosis]]], ...] = (
        ("rights", portal.rights),
        ("limits", portal.limits),
        ("notes", portal.note_key),
    )
    try:
        client.get(paths.ACCOUNT)
    except Verdict as verdict:
        return [Diagnosis("login", Mark.REFUSED, str(verdict), _place(str(verdict)))]
    for topic, question in questions:
        try:
            found += question()
        except RequestRefused as refusal:
            found.append(Diagnosis(topic, Mark.ADVICE, f"Could not be looked at. {refusal}"))
        except RetryLater as lost:
            found.append(Diagnosis(topic, Mark.REFUSED, f"Could not be looked at. {lost}"))
        except Verdict as verdict:
            return [*found, Diagnosis("login", Mark.REFUSED, str(verdict), _place(str(verdict)))]
    usage = "Raise 'schedule.poll_minutes', or ask HubSpot for the API limit increase."
    return [
        *found,
        judgements.end_of_life(paths.VERSION, ENDS, today, "Use a newer release of velma-sync."),
        *judgements.allowance(client.budget(), "of today", usage),
        *judgements.clock("HubSpot", client.clock_ahead),
    ]


def _place(message: str) -> str:
    if "access_token" not in message:
        return ""
    return f"{KEY_PLACE} > Show key; it is the secret 'access_token' of the connection."


class _Portal:
    """The questions."""

    def __init__(self, client: HubSpotClient, specs: Sequence[FieldSpec]) -> None:
        self._client = client
        self._wanted = [(_OBJECTS[spec.target], spec.name) for spec in specs if spec.target in _OBJECTS]

    def rights(self) -> Iterable[Diagnosis]:
        """One line for all scopes that are there, and one for each that is missing."""
        granted: dict[str, None] = {}
        losses: dict[str, list[_Right]] = {}
        unknown: dict[str, str] = {}
        for right in RIGHTS:
            try:
                refusal = self._refusal(right)
            except RetryLater as lost:
                unknown.setdefault(right.scope, str(lost))
                continue
            if refusal is None:
                granted[right.scope] = None
            else:
                losses.setdefault(_named(right, refusal), []).append(right)
        if granted:
            every = "these scopes" if losses or unknown else "every scope"
            yield Diagnosis("rights", Mark.OK, f"The key has {every}: {', '.join(granted)}.")
        for scope, reason in unknown.items():
            yield Diagnosis("rights", Mark.REFUSED, f"The scope {scope} could not be looked at. {reason}")
        for scope, rights in losses.items():
            only_setup = all(right.for_setup for right in rights)
            loss = ", ".join(dict.fromkeys(right.loss for right in rights))
            yield Diagnosis(
                "rights",
                Mark.ADVICE if only_setup else Mark.PROBLEM,
                f"The key lacks {scope}: {loss}.",
                f"{KEY_PLACE} > Scopes: add {scope}.",
            )

    def limits(self) -> Iterable[Diagnosis]:
        """How many custom properties there are, may be, and are still to be made."""
        answer = self._client.get(paths.PROPERTY_LIMITS)
        told = {entry.get("objectTypeId"): entry for entry in answer.get("byObjectType") or ()}
        for name in dict.fromkeys(["calls", *(name for name, _ in self._wanted), NOTES]):
            entry = told.get(TYPE_IDS[name], {})
            if entry.get("limit") is None or entry.get("usage") is None:
                continue
            there = self._names(name)
            wanted = {field for each, field in self._wanted if each == name and field not in there}
            wanted |= {KEY_FIELD} - there if name == NOTES else set()
            yield _room(name, int(entry["usage"]), int(entry["limit"]), len(wanted))

    def note_key(self) -> Iterable[Diagnosis]:
        entry = definitions_of(self._client, NOTES).get(KEY_FIELD)
        if entry is None:
            sentence = f"notes.{KEY_FIELD} is missing: notes are recognized by a mark in their text alone."
            yield Diagnosis("notes", Mark.ADVICE, sentence, "velma-sync provision --apply creates it.")
        elif entry.get("hasUniqueValue"):
            yield Diagnosis("notes", Mark.OK, f"notes.{KEY_FIELD} is unique: no call gets two notes.")
        else:
            yield Diagnosis("notes", Mark.OK, f"notes.{KEY_FIELD}: {WITHOUT_GUARANTEE}.")

    def _names(self, name: str) -> frozenset[str]:
        try:
            return frozenset(definitions_of(self._client, name))
        except RequestRefused:
            return frozenset()

    def _refusal(self, right: _Right) -> RequestRefused | None:
        """The refusal for want of a scope; None when the key has it."""
        try:
            if right.changes:
                self._client.send("POST", right.path, _EMPTY)
            else:
                self._client.get(right.path, ONE)
        except RequestRefused as refusal:
            return refusal if refusal.status == 403 else None
        return None


def _named(right: _Right, refusal: RequestRefused) -> str:
    scopes = dict.fromkeys(scope for fault in refusal.faults for scope in fault.scopes)
    return " or ".join(scopes) or right.scope


def _room(name: str, used: int, most: int, wanted: int) -> Diagnosis:
    more = f", and {wanted} more to be made" if wanted else ""
    sentence = f"{name} have {used} of at most {most} custom properties{more}."
    left = most - used - wanted
    if left >= FEW_LEFT:
        return Diagnosis("limits", Mark.OK, sentence)
    remedy = f"Settings > Data Management > Properties > {name}: delete unused ones, or map fewer values."
    return Diagnosis("limits", Mark.PROBLEM if left < 0 else Mark.ADVICE, sentence, remedy)
