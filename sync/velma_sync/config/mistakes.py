"""What is wrong with a configuration, and what stands in for its parts when only the rest is looked at."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr

from velma_connectors.errors import Problem
from velma_connectors.recordings.options import RecordingOptions
from velma_connectors.velma.options import VelmaOptions
from velma_connectors.velma.playbook import AnalysisFile
from velma_mappings.mapping_file import MappingFile
from velma_sync.config.settings import LedgerSettings
from velma_sync.config.yaml_file import Location

ANALYSIS_FILE: Location = ("analysis", "file")

# Valid files cannot be this empty, so these two are not validated.
NO_ANALYSIS = AnalysisFile.model_construct(
    version=1, conversation_types=(), roles=(), behaviors=(), stages=()
)
NO_VELMA = VelmaOptions.model_construct(api_key=SecretStr(""))
NO_RECORDINGS = RecordingOptions()
NO_LEDGER = LedgerSettings()
NO_RULES = MappingFile(version=1, rules=())


@dataclass(frozen=True, slots=True)
class Mistakes:
    """Everything that is wrong with the files and secrets of a configuration.

    `absent` are settings in `velma-sync.yaml` that are wrong, or name a file that is: something empty stands
    in for what they would give.
    """

    problems: tuple[Problem, ...] = ()
    absent: frozenset[Location] = frozenset()


NO_MISTAKES = Mistakes()


def mapping_of(name: str) -> Location:
    """The setting that names a connection's mapping file."""
    return ("connections", name, "mapping")


def options_of(name: str) -> Location:
    """The settings that are for a connection's kind of CRM."""
    return ("connections", name, "options")
