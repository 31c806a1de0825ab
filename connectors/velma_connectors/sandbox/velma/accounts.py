"""Who may ask how much: keys, requests in flight, credits and monthly limits, and what was used."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from velma_connectors.sandbox.velma.modes import VelmaModes
from velma_connectors.sandbox.velma.refusals import NO_CREDITS, Refusal


@dataclass(frozen=True, slots=True)
class Account:
    """One invented API key. Credits and limit are in milliseconds of audio; None is unlimited."""

    key: str
    concurrency: int = 5
    credit_ms: int | None = None
    monthly_limit_ms: int | None = None
    model_enabled: bool = True


class OpenAccount:
    """An account with what it has in flight and has used. Safe to use from several threads."""

    def __init__(self, account: Account) -> None:
        self._lock = threading.Lock()
        self.account = account
        self.in_flight = 0
        self.most_in_flight = 0
        self.used_ms = 0

    def change(self, **changes: Any) -> None:
        """Give the account other limits from now on, e.g. `change(concurrency=1)`."""
        with self._lock:
            self.account = replace(self.account, **changes)

    @contextmanager
    def slot(self, modes: VelmaModes) -> Iterator[None]:
        """Hold one of the account's places. Raises Refusal 429 at once when all are taken."""
        with self._lock:
            if self.in_flight >= self.account.concurrency:
                raise Refusal(429, modes.concurrency_detail)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            yield
        finally:
            with self._lock:
                self.in_flight -= 1

    def check(self, modes: VelmaModes, *, quota: bool = True) -> None:
        """Raise the Refusal that stands against this account now, if any."""
        with self._lock:
            self._check(modes, quota)

    def pay(self, audio_ms: int, modes: VelmaModes) -> None:
        """Bill one recording. Raises Refusal when nothing is left to pay with."""
        with self._lock:
            self._check(modes, quota=True)
            self.used_ms += audio_ms

    def _check(self, modes: VelmaModes, quota: bool) -> None:
        account = self.account
        if not account.model_enabled:
            raise Refusal(403, modes.model_detail)
        if account.credit_ms is not None and self.used_ms >= account.credit_ms:
            raise Refusal(429, NO_CREDITS)
        if quota and account.monthly_limit_ms is not None and self.used_ms >= account.monthly_limit_ms:
            raise Refusal(403, modes.monthly_detail)


class Usage:
    """What the emulator was asked and what it billed. Read the attributes, or `snapshot()` for JSON."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests = 0
        """Batch requests that arrived, whatever became of them."""
        self.presets_requests = 0
        self.answered = 0
        self.billed = 0
        self.billed_ms = 0
        self.refused: Counter[str] = Counter()
        """By status and reason."""
        self.paid_audio: Counter[str] = Counter()
        """How often each audio SHA-256 was billed."""
        self._configs: Counter[str] = Counter()

    @property
    def configs(self) -> list[Any]:
        """Every distinct configuration that was billed, first come first; `"default"` for none."""
        with self._lock:
            return [text if text == "default" else json.loads(text) for text in self._configs]

    def arrived(self, *, presets: bool = False) -> None:
        with self._lock:
            if presets:
                self.presets_requests += 1
            else:
                self.requests += 1

    def paid(self, audio_sha256: str, audio_ms: int, config: str) -> None:
        with self._lock:
            self.billed += 1
            self.billed_ms += audio_ms
            self.paid_audio[audio_sha256] += 1
            self._configs[config] += 1

    def finished(self) -> None:
        with self._lock:
            self.answered += 1

    def turned_away(self, reason: str) -> None:
        with self._lock:
            self.refused[reason] += 1

    def snapshot(self) -> dict[str, Any]:
        configs = self.configs
        with self._lock:
            return {
                "requests": self.requests,
                "presets_requests": self.presets_requests,
                "answered": self.answered,
                "billed": self.billed,
                "billed_ms": self.billed_ms,
                "refused": dict(self.refused),
                "distinct_audio": len(self.paid_audio),
                "most_paid_for_one_audio": max(self.paid_audio.values(), default=0),
                "configs": configs,
            }
