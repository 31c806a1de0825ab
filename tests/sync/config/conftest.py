from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from velma_connectors.errors import ConfigError
from velma_sync.config.load import Configuration, load_configuration

CONFIG = """\
version: 1
connections:
  sales-eu:
    kind: salesforce
    options:
      login_url: https://acme.my.salesforce.com
      consumer_key: 3MVG9
    mapping: mapping.yaml
analysis:
  file: analysis.yaml
"""

MAPPING = """\
version: 1
rules:
  - value: next_step
    on: call
    field: Velma_Next_Step__c
behaviors:
  action_plan: [action_plan_created]
"""

ANALYSIS = """\
version: 1
conversation_types:
  - key: demo
    uuid: 6d1c5f0e-6d7b-4a3e-9a53-0c8a2f7f1a11
    name: Product demo
    short_description: A call that shows the product.
    detailed_description: A seller shows the product to a buyer.
roles:
  - key: rep
    uuid: 0a3d1f52-8a0e-4b7c-8d1f-3f5b0a6e2b22
    name: Sales Rep
    side: rep
    short_description: Sells.
    detailed_description: Presents the product and its price.
  - key: prospect
    uuid: 5e9b7c3a-2f4d-4c1e-b8a6-7d2c9e0f3c33
    name: Prospect
    side: prospect
    short_description: May buy.
    detailed_description: Asks about the product and its price.
behaviors:
  - key: action_plan_created
    name: Action Plan Created
    preset: action_plan_created
stages:
  - conversation_type: demo
    behaviors: [action_plan_created]
"""

SECRETS = {
    "VELMA_SYNC_VELMA_API_KEY": "velma-key",
    "VELMA_SYNC_SALES_EU_CONSUMER_SECRET": "consumer-secret",
}


@pytest.fixture(autouse=True)
def in_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are named as the admin would type them, and the secrets are set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VELMA_SYNC_SECRETS_DIR", raising=False)
    monkeypatch.delenv("VELMA_SYNC_CONFIG", raising=False)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


Load = Callable[..., Configuration]


@pytest.fixture
def load() -> Load:
    """Writes the three files, each valid unless another text is given, and loads them."""

    def load(config: str = CONFIG, *, mapping: str = MAPPING, analysis: str = ANALYSIS) -> Configuration:
        Path("velma-sync.yaml").write_text(config, encoding="utf-8")
        Path("mapping.yaml").write_text(mapping, encoding="utf-8")
        Path("analysis.yaml").write_text(analysis, encoding="utf-8")
        return load_configuration(Path("velma-sync.yaml"))

    return load


@pytest.fixture
def analysis_text() -> str:
    return ANALYSIS


@pytest.fixture
def problems(load: Load) -> Callable[..., list[str]]:
    """The same for files that must be refused: every problem as the admin reads it."""

    def problems(*texts: str, **named: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(*texts, **named)
        return [str(problem) for problem in caught.value.problems]

    return problems
