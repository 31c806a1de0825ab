"""Outcomes of calls: a record holds an id, the portal gives it a label."""

from __future__ import annotations

from collections.abc import Collection

from velma_connectors.hubspot.fields import KnownFields
from velma_connectors.hubspot.verdicts import RequestRefused

_OUTCOME = "hs_call_disposition"


class Outcomes:
    """Labels of outcomes by id."""

    def __init__(self, known: KnownFields) -> None:
        self._known = known
        self._unknown: frozenset[str] = frozenset()

    def labels(self, ids: Collection[str]) -> dict[str, str]:
        """Labels by id, of these outcomes and others. One that was not met before is looked for once more.

        Without the scope for properties of calls, no outcome has a label.
        """
        if not ids:
            return {}
        try:
            labels = self._labels()
            if set(ids) - labels.keys() - self._unknown:
                self._known.read("calls")
                labels = self._labels()
        except RequestRefused as refusal:
            if refusal.status != 403:
                raise
            return {}
        self._unknown |= set(ids) - labels.keys()
        return labels

    def _labels(self) -> dict[str, str]:
        definition = self._known.definition("calls", _OUTCOME) or {}
        return {option["value"]: option["label"] for option in definition.get("options") or ()}
