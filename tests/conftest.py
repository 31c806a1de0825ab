"""What holds for every test: the variables of a plain terminal, and time enough on a busy machine.

The example of a plug-in is a project of its own: its tests run against its wheel, see tests/layout.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

collect_ignore = ["plugin"]

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

CHANGE_WHAT_IS_PRINTED = ("BUILD_NUMBER", "CI", "FORCE_COLOR", "NO_COLOR", "PY_COLORS")


@pytest.fixture(scope="session", autouse=True)
def plain_terminal() -> Iterator[None]:
    """Without the switches of the machine that runs the tests, and without an admin's own settings."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name in CHANGE_WHAT_IS_PRINTED or name.startswith("VELMA_SYNC_"):
                patch.delenv(name)
        patch.setenv("COLUMNS", "80")
        yield
