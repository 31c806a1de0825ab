"""Settings of the Velma account."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from velma_connectors.velma.options import VelmaOptions

KEY = "invented-key-5c1f"


def options(**settings: Any) -> VelmaOptions:
    return VelmaOptions.model_validate({"api_key": KEY, **settings})


def test_the_published_host_is_the_default() -> None:
    assert options().base_url == "https://platform.modulate.ai"
    assert options().read_timeout_seconds == 900


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Velma.Example/", "https://velma.example"),
        ("https://gateway.example/velma/", "https://gateway.example/velma"),
        ("http://127.0.0.1:8093", "http://127.0.0.1:8093"),
        ("http://localhost:8093/", "http://localhost:8093"),
        ("http://[::1]:8093", "http://[::1]:8093"),
    ],
)
def test_an_address_is_kept_in_one_spelling(given: str, kept: str) -> None:
    assert options(base_url=given).base_url == kept


def test_a_key_from_a_file_loses_its_newline_and_is_never_shown() -> None:
    from_file = options(api_key=f"{KEY}\n")
    assert from_file.api_key.get_secret_value() == KEY
    assert KEY not in f"{from_file} {from_file!r} {from_file.model_dump_json()}"


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        options(timeout=5)


def test_the_settings_and_the_analysis_file_load_without_the_http_library() -> None:
    script = (
        "import sys\n"
        "import velma_connectors.velma.options, velma_connectors.velma.playbook\n"
        "import velma_connectors.velma.request, velma_connectors.recordings.options\n"
        "sys.exit('httpx' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, "reading settings must not cost the import of httpx"
