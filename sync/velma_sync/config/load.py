"""Reads the configuration and every file it names, and checks them against each other.

All or nothing for those who work by it: what they get is valid as a whole, and everything that is wrong
is told at once. Who only examines it gets what is sound beside what is wrong.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from velma_connectors.analysis import AnalysisConfig
from velma_connectors.errors import ConfigError, Problem
from velma_connectors.recordings.options import RecordingOptions
from velma_connectors.registry import ConnectorKind
from velma_connectors.velma.options import VelmaOptions
from velma_connectors.velma.playbook import AnalysisFile, select
from velma_mappings.mapping_file import MappingFile
from velma_mappings.questions import check_questions
from velma_sync.config.mistakes import (
    ANALYSIS_FILE,
    NO_ANALYSIS,
    NO_LEDGER,
    NO_MISTAKES,
    NO_RECORDINGS,
    NO_RULES,
    NO_VELMA,
    Mistakes,
    mapping_of,
    options_of,
)
from velma_sync.config.parts import (
    FIXED_PARTS,
    LEDGER_PART,
    RECORDINGS_PART,
    VELMA_PART,
    Part,
    connection_names,
    connection_parts,
    load_kinds,
    secrets_of,
    validate,
    value_at,
    with_secrets,
)
from velma_sync.config.plain_http import refuse_plain_http
from velma_sync.config.problems import in_order, position_of
from velma_sync.config.secrets import (
    CONFIG_VARIABLE,
    DIRECTORY_VARIABLE,
    SecretOption,
    read_secrets,
    refuse_secrets_in,
    refuse_shared_names,
)
from velma_sync.config.settings import LedgerSettings, LimitSettings, ScheduleSettings, Settings
from velma_sync.config.yaml_file import Location, PlainValue, YamlFile, read_yaml

Model = TypeVar("Model", bound=BaseModel)

DEFAULT_PATH = Path("velma-sync.yaml")


@dataclass(frozen=True, slots=True)
class Connection:
    """One CRM account, ready to be opened. `start_at` None means: from the first run on."""

    name: str
    kind: ConnectorKind
    options: BaseModel
    mapping: MappingFile
    mapping_path: Path
    start_at: datetime | None


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything the admin decided, valid as a whole. Paths are absolute."""

    path: Path
    connections: tuple[Connection, ...]
    analysis: AnalysisFile
    velma: VelmaOptions
    recordings: RecordingOptions
    schedule: ScheduleSettings
    limits: LimitSettings
    ledger: LedgerSettings
    audio_directory: Path
    log_level: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A configuration as far as it is sound, to be examined: with mistakes in it nothing may be started.

    Connections whose own options are wrong are left out. `configuration` is None when the settings as such
    are wrong, or which secret is whose: then nothing can be relied on.
    """

    configuration: Configuration | None
    mistakes: Mistakes


def find_configuration(option: Path | None = None) -> Path:
    """The file to read: the command's option, else VELMA_SYNC_CONFIG, else ./velma-sync.yaml."""
    return option or Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_PATH)


def load_configuration(path: Path) -> Configuration:
    """Read and check everything. Raises ConfigError with every problem of every file."""
    draft = read_draft(path)
    if draft.configuration is None or draft.mistakes != NO_MISTAKES:
        raise ConfigError(draft.mistakes.problems)
    return draft.configuration


def read_draft(path: Path) -> Draft:
    """Read everything and keep what is sound. Raises nothing: problems of every file are part of it."""
    try:
        file = read_yaml(path)
    except ConfigError as error:
        return Draft(None, Mistakes(error.problems))
    reading = _Reading(file)
    configuration = reading.configuration()
    return Draft(configuration, Mistakes(tuple(in_order(reading.problems)), frozenset(reading.absent)))


def load_ledger_settings(path: Path) -> LedgerSettings:
    """Only where the ledger is: enough to look at it, without the secrets of other systems.

    A ledger file needs none at all. Raises ConfigError for problems of that section alone.
    """
    reading = _Reading(read_yaml(path))
    reading.fill_in_secrets([LEDGER_PART] if reading.ledger_is_on_server() else [])
    ledger = reading.ledger()
    if ledger is None or reading.problems:
        raise ConfigError(in_order(reading.problems))
    return ledger


def analysis_configs(analysis: AnalysisFile, mapping: MappingFile) -> list[AnalysisConfig]:
    """Every question that may be asked about a call, whatever its deal's stage and pipeline."""
    places = {
        place
        for entry in analysis.stages
        for place in product(entry.stages or (None,), entry.pipelines or (None,))
    }
    found = (
        select(analysis, stage=stage, pipeline=pipeline, terms=mapping.terms())
        for stage, pipeline in sorted(places, key=str)
    )
    return list({config.hash: config for config in found}.values())


@dataclass(slots=True)
class _Reading:
    """One reading of all files; problems add up instead of ending it."""

    file: YamlFile
    problems: list[Problem] = field(default_factory=list)
    data: PlainValue = None
    secrets: Sequence[SecretOption] = ()
    unreadable: Sequence[SecretOption] = ()
    absent: set[Location] = field(default_factory=set)

    def configuration(self) -> Configuration | None:
        """What is sound, with something empty for what is `absent`; None when nothing can be relied on."""
        settings = validate(Settings, self.file.data, self.file, (), self.problems)
        if settings is None and not isinstance(self.file.data, dict | None):
            return None
        kinds, problems = load_kinds(self.file)
        self.problems += problems
        self.fill_in_secrets([*FIXED_PARTS, *connection_parts(kinds)])
        velma = self._part(VelmaOptions, VELMA_PART.at)
        recordings = self._part(RecordingOptions, RECORDINGS_PART.at)
        ledger = self.ledger()
        analysis = self._analysis()
        connections = [
            self._connection(name, kinds.get(name), settings, analysis)
            for name in connection_names(self.file)
        ]
        self.problems += refuse_plain_http(self.file, self.problems)
        # Secrets that may be each other's are shown to nobody.
        if settings is None or refuse_shared_names(self.file, self.secrets):
            return None
        return Configuration(
            path=self.file.path.absolute(),
            connections=tuple(each for each in connections if each and self._is_sound(options_of(each.name))),
            analysis=self._kept(analysis, ANALYSIS_FILE, NO_ANALYSIS),
            velma=self._kept(velma, VELMA_PART.at, NO_VELMA),
            recordings=self._kept(recordings, RECORDINGS_PART.at, NO_RECORDINGS),
            schedule=settings.schedule,
            limits=settings.limits,
            ledger=self._kept(ledger, LEDGER_PART.at, NO_LEDGER),
            audio_directory=self._beside(settings.audio_directory).absolute(),
            log_level=settings.log_level,
        )

    def ledger(self) -> LedgerSettings | None:
        ledger = self._part(LedgerSettings, LEDGER_PART.at)
        if ledger is None:
            return None
        return ledger.model_copy(update={"path": self._beside(ledger.path).absolute()})

    def ledger_is_on_server(self) -> bool:
        """Then it may need its password; a file needs none."""
        return value_at(self.file.data, (*LEDGER_PART.at, "url")) is not None

    def fill_in_secrets(self, parts: Sequence[Part]) -> None:
        """Read the secrets of these parts and put them where they belong in `data`."""
        self.secrets = secrets_of(self.file, parts)
        self.problems += refuse_secrets_in(self.file, self.secrets)
        self.problems += refuse_shared_names(self.file, self.secrets)
        named = value_at(self.file.data, ("secrets_directory",))
        directory = os.environ.get(DIRECTORY_VARIABLE) or (named if isinstance(named, str) else None)
        beside = self._beside(directory) if directory else None
        found = read_secrets(self.secrets, beside, self.problems)
        self.unreadable = found.unreadable
        self.data = with_secrets(self.file.data, self.secrets, found.values)

    def _part(self, model: type[Model], at: Location) -> Model | None:
        data = value_at(self.data, at)
        return validate(model, data, self.file, at, self.problems, self.secrets, self.unreadable)

    def _connection(
        self, name: str, kind: ConnectorKind | None, settings: Settings | None, analysis: AnalysisFile | None
    ) -> Connection | None:
        at = mapping_of(name)
        mapping = self._mapping(at, analysis)
        options = self._part(kind.options, options_of(name)) if kind else None
        if kind is None or settings is None or options is None:
            return None
        chosen = settings.connections[name]
        path = self._beside(chosen.mapping).absolute()
        return Connection(name, kind, options, self._kept(mapping, at, NO_RULES), path, chosen.start_at)

    def _mapping(self, at: Location, analysis: AnalysisFile | None) -> MappingFile | None:
        file = self._named_file(at)
        mapping = validate(MappingFile, file.data, file, (), self.problems) if file else None
        if file is None or mapping is None or analysis is None:
            return mapping
        places = {".".join(map(str, location)): location for location in file.values}
        for problem in check_questions(mapping, analysis_configs(analysis, mapping)):
            position = position_of(file, places.get(problem.where, ()))
            self.problems.append(replace(problem, where=file.where(position)))
        return mapping

    def _analysis(self) -> AnalysisFile | None:
        file = self._named_file(ANALYSIS_FILE)
        return validate(AnalysisFile, file.data, file, (), self.problems) if file else None

    def _kept(self, part: Model | None, at: Location, empty: Model) -> Model:
        """The part if it is sound, else what stands in for it."""
        if part is not None and self._is_sound(at):
            return part
        self.absent.add(at)
        return empty

    def _is_sound(self, at: Location) -> bool:
        """Whether nothing was found wrong in this part of the file, and its secrets could all be read."""
        needs_secrets = at != LEDGER_PART.at or self.ledger_is_on_server()
        if needs_secrets and any(each.location[: len(at)] == at for each in self.unreadable):
            return False
        told = {problem.where for problem in self.problems}
        return not any(
            location[: len(at)] == at and self.file.where(position) in told
            for places in (self.file.keys, self.file.values)
            for location, position in places.items()
        )

    def _named_file(self, at: Location) -> YamlFile | None:
        """The YAML file that a setting names; None with a Problem when it cannot be read."""
        named = value_at(self.file.data, at)
        if not isinstance(named, str):
            return None
        path = self._beside(named)
        try:
            path.open("rb").close()
        except (OSError, ValueError) as error:
            where = self.file.where(self.file.values[at])
            reason = getattr(error, "strerror", None) or "it is no path"
            message = f"'{at[-1]}' names a file that cannot be read: {path} ({reason})."
            self.problems.append(Problem(where, message))
            return None
        try:
            return read_yaml(path)
        except ConfigError as error:
            self.problems += error.problems
            return None

    def _beside(self, named: str | Path) -> Path:
        """A path as the file names it: relative ones begin where the file is."""
        return self.file.path.parent / named
