"""A running emulator with one known recording, and a bare client that adds nothing of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from velma_connectors.sandbox.faults import FaultInjector
from velma_connectors.sandbox.samples.dialogue import Dialogue, Span, Spoken
from velma_connectors.sandbox.server import RunningServer, WsgiApp
from velma_connectors.sandbox.velma import Account, VelmaEmulator

KEY = "invented-key"
AUDIO = b"OggS invented audio of the known call"

REP_ROLE = "0a6c9a1e-4a53-4f59-8a68-0f7d1f6f2a01"
PROSPECT_ROLE = "0a6c9a1e-4a53-4f59-8a68-0f7d1f6f2a02"
DISCOVERY = "5d0b4f0e-93c8-4a3b-9f0e-6f2f6c1b7a01"
NEGOTIATION = "5d0b4f0e-93c8-4a3b-9f0e-6f2f6c1b7a02"

KNOWN = Spoken(
    Dialogue.model_validate(
        {
            "conversation": "discovery",
            "speakers": {
                "buyer": {"side": "prospect", "voice": "none", "role_confidence": 0.91},
                "seller": {"side": "rep", "voice": "none"},
            },
            "lines": [
                {"by": "buyer", "says": "This is <pii:firstname>Mira</pii:firstname>.", "feels": "Calm"},
                {"by": "seller", "says": "Shall we say Tuesday at ten?", "id": "offer"},
                {"by": "buyer", "says": "Tuesday at ten is fine.", "feels": "Happy", "id": "agreed"},
            ],
            "signals": [
                {
                    "behavior": "Action Plan Created",
                    "by": "buyer",
                    "confidence": 0.93,
                    "evidence": ["agreed", "offer"],
                },
                {
                    "behavior": "Off-topic Discussion",
                    "by": "seller",
                    "confidence": 0.8,
                    "evidence": ["offer"],
                },
                {"behavior": "Calendar Trouble", "by": None, "confidence": 0.7, "evidence": ["offer"]},
            ],
            "topics": [
                {"name": "Pricing", "sentiment": {"buyer": -0.5, "seller": 0.3}},
                {"name": "Roll-out", "sentiment": {"buyer": 0.25}},
            ],
            "summary": "<pii:firstname>Mira</pii:firstname> agreed to meet; Mira worries about the price.",
        }
    ),
    (Span(0, 900), Span(1200, 1500), Span(3000, 1200)),
    4500,
)


def behavior(name: str, **changes: object) -> dict[str, Any]:
    """A full behavior definition as a request holds it."""
    number = hashlib.sha256(name.encode()).hexdigest()[:12]
    return {
        "behavior_uuid": f"9f3f5b6a-2f5e-4a0c-8e51-{number}",
        "name": name,
        "short_description": "Invented.",
        "detailed_description": "Invented for a test.",
    } | changes


def role(uuid: str, name: str, **changes: object) -> dict[str, Any]:
    return {
        "participant_role_uuid": uuid,
        "name": name,
        "short_description": "Invented.",
        "detailed_description": "Invented for a test.",
    } | changes


def conversation_type(uuid: str, name: str) -> dict[str, Any]:
    return {
        "conversation_type_uuid": uuid,
        "name": name,
        "short_description": "Invented.",
        "detailed_description": "Invented for a test.",
    }


def config(*behaviors: object, **changes: object) -> dict[str, Any]:
    """A full configuration of one conversation type and two roles."""
    return {
        "conversation_types": [conversation_type(DISCOVERY, "Discovery Call")],
        "participant_roles": [role(REP_ROLE, "Sales Rep"), role(PROSPECT_ROLE, "Prospect")],
        "behaviors": list(behaviors),
        "default_conversation_type": None,
        "default_participant_role": None,
    } | changes


@dataclass
class Service:
    """The emulator, its faults, and requests to it."""

    emulator: VelmaEmulator
    faults: FaultInjector
    url: str

    def post(
        self, document: object = None, *, audio: bytes = AUDIO, name: str = "call.ogg", key: str | None = KEY
    ) -> requests.Response:
        form = {} if document is None else {"config": _text(document)}
        return requests.post(
            f"{self.url}/api/velma-2-batch",
            headers={} if key is None else {"X-API-Key": key},
            files={"upload_file": (name, audio, "audio/ogg")},
            data=form,
            timeout=20,
        )

    def answer(self, document: object = None, **changes: Any) -> Any:
        response = self.post(document, **changes)
        assert response.status_code == 200, response.text
        return response.json()

    def presets(self, key: str | None = KEY) -> requests.Response:
        headers = {} if key is None else {"X-API-Key": key}
        return requests.get(f"{self.url}/api/velma-2-batch/list-presets", headers=headers, timeout=20)


def _text(document: object) -> str:
    return document if isinstance(document, str) else json.dumps(document)


@dataclass
class Address:
    """A server that outlives the emulators behind it: starting one for every test would take seconds."""

    app: WsgiApp | None = None
    url: str = ""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        assert self.app is not None, "a request came when no test was running"
        return self.app(environ, start_response)


@pytest.fixture(scope="session")
def address() -> Iterator[Address]:
    address = Address()
    with RunningServer(address) as server:
        address.url = server.url
        yield address


@pytest.fixture
def service(address: Address) -> Iterator[Service]:
    emulator = VelmaEmulator(
        {hashlib.sha256(AUDIO).hexdigest(): KNOWN}, (Account(KEY), Account("other-key", concurrency=1))
    )
    faults = FaultInjector(emulator)
    address.app = faults
    yield Service(emulator, faults, address.url)
    faults.clear()
    emulator.close()
