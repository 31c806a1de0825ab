"""Who the connection is, what it costs, how it ends."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from velma_connectors.model import Target
from velma_connectors.testing.contract.driving import lately
from velma_connectors.testing.rig import Rig

CHEAP_REQUESTS = 12
"""What a second `check` may cost: it is asked every few minutes."""


class AccountContract:
    """Identity, capabilities, budget and closing."""

    def test_the_identity_is_stable_and_survives_a_restart(self, rig: Rig) -> None:
        first = rig.connector.check()
        assert first.account_id, "an account needs an id that never changes"
        assert first.user, "the check has to say who we are"
        assert rig.connector.check().account_id == first.account_id
        assert rig.reopen().check().account_id == first.account_id

    def test_a_healthy_account_has_no_problems(self, rig: Rig) -> None:
        assert rig.connector.check().problems == ()

    def test_a_check_is_cheap(self, rig: Rig) -> None:
        rig.connector.check()
        before = rig.connector.budget().requests
        rig.connector.check()
        assert rig.connector.budget().requests - before <= CHEAP_REQUESTS

    def test_the_budget_grows_with_requests_and_asking_for_it_costs_nothing(self, rig: Rig) -> None:
        rig.connector.check()
        before = rig.connector.budget()
        assert rig.connector.budget() == before
        rig.connector.check()
        assert rig.connector.budget().requests > before.requests

    def test_the_budget_never_says_more_is_used_than_it_says_is_allowed_on_a_healthy_account(
        self, rig: Rig
    ) -> None:
        rig.connector.check()
        budget = rig.connector.budget()
        assert (budget.used is None) == (budget.allowed is None)
        assert budget.used is None or budget.allowed is None or 0 <= budget.used <= budget.allowed

    def test_capabilities_name_the_objects_of_calls_and_deals(self, rig: Rig) -> None:
        capabilities = rig.connector.capabilities
        assert capabilities.write_batch >= 1
        assert capabilities.objects[Target.CALL]
        assert capabilities.objects[Target.DEAL]
        assert set(capabilities.note_targets) <= set(Target)

    def test_closing_twice_is_fine(self, rig: Rig) -> None:
        connector = rig.reopen()
        connector.check()
        connector.close()
        connector.close()

    def test_a_closed_connection_holds_no_socket(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        opened: list[socket.socket] = []

        def noting(original: Callable[..., Any]) -> Callable[..., Any]:
            def connect(self: socket.socket, *args: Any, **kwargs: Any) -> Any:
                opened.append(self)
                return original(self, *args, **kwargs)

            return connect

        monkeypatch.setattr(socket.socket, "connect", noting(socket.socket.connect))
        monkeypatch.setattr(ssl.SSLSocket, "do_handshake", noting(ssl.SSLSocket.do_handshake))
        connector = rig.reopen()
        connector.check()
        connector.count(lately(rig))
        was_held = any(each.fileno() != -1 for each in opened)
        connector.close()
        assert [each for each in opened if each.fileno() != -1] == [], "sockets stayed open"
        if opened and not was_held:
            pytest.skip("every connection had ended with its request, so that none was left to close")
