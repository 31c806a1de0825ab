"""Opens what a command needs when it needs it, and closes all of it at the end.

Importing this is cheap: the ledger, the clients and the engine load when they are first asked for.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING

from velma_connectors.errors import ConfigError, Problem, RetryLater
from velma_sync.access import refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from pydantic import SecretStr

    from velma_connectors.administration import CrmAdministration
    from velma_connectors.analysis import AnalysisConfig
    from velma_connectors.protocol import Analyzer, CrmConnector
    from velma_connectors.recordings.download import RecordingDownloader
    from velma_mappings.mapping_file import MappingFile
    from velma_sync.config.load import Configuration
    from velma_sync.config.load import Connection as ConfiguredConnection
    from velma_sync.config.settings import LedgerSettings
    from velma_sync.ledger.database import Ledger
    from velma_sync.pipeline.engine import Engine
    from velma_sync.pipeline.settings import Connection, EngineSettings


OTHER_THREADS = 12
"""Beside workers and writers: those of the regular tasks, the dispatcher and the one that renews leases."""


class Workspace:
    """Everything that one configuration leads to. Use as a context manager, from one thread."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self._open = ExitStack()
        self._connectors: dict[str, CrmConnector] = {}
        self._administrations: dict[str, CrmAdministration] = {}

    def connector(self, name: str) -> CrmConnector:
        """The connector of one connection. Raises ConfigError for a name nobody configured."""
        if name not in self._connectors:
            connection = self._configured(name)
            connector = connection.kind.open(name, connection.options)
            self._open.callback(connector.close)
            self._connectors[name] = connector
        return self._connectors[name]

    def administration(self, name: str) -> CrmAdministration | None:
        """What an admin wants of one connection's account; None for a kind of CRM that leaves it out."""
        if name not in self._administrations:
            connection = self._configured(name)
            if connection.kind.administer is None:
                return None
            administration = connection.kind.administer(name, connection.options)
            self._open.callback(administration.close)
            self._administrations[name] = administration
        return self._administrations[name]

    @cached_property
    def analyzer(self) -> Analyzer:
        from velma_connectors.velma.analyzer import VelmaAnalyzer

        analyzer = VelmaAnalyzer(self.configuration.velma)
        self._open.callback(analyzer.close)
        return analyzer

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, created and brought up to date. Raises ConfigError, RetryLater, LedgerTooNew."""
        writers = len(self.configuration.connections)
        threads = self.configuration.limits.max_in_flight + writers + OTHER_THREADS
        ledger = open_ledger_of(self.configuration.ledger, threads)
        self._open.callback(ledger.close)
        return ledger

    @cached_property
    def recordings(self) -> RecordingDownloader:
        """Fetches recordings; what earlier processes left lying is removed first."""
        from velma_connectors.recordings.download import RecordingDownloader
        from velma_connectors.recordings.store import AudioStore

        options = self.configuration.recordings
        store = AudioStore(self.configuration.audio_directory)
        store.sweep()
        return RecordingDownloader(
            options.sources,
            store,
            max_bytes=min(options.max_bytes, self.analyzer.capabilities.max_bytes),
            idle_seconds=options.idle_seconds,
        )

    @cached_property
    def engine(self) -> Engine:
        """The pipeline over all connections."""
        from velma_sync.pipeline.engine import build_engine

        connections = {each.name: self._connection(each) for each in self.configuration.connections}
        settings = engine_settings(self.configuration)
        return build_engine(self.ledger, connections, self.analyzer, self.recordings, settings)

    def close(self) -> None:
        self._open.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _configured(self, name: str) -> ConfiguredConnection:
        for each in self.configuration.connections:
            if each.name == name:
                return each
        known = ", ".join(each.name for each in self.configuration.connections)
        problem = Problem(f"connection '{name}'", "is not in the configuration.", f"Configured: {known}.")
        raise ConfigError([problem])

    def _connection(self, configured: ConfiguredConnection) -> Connection:
        from velma_sync.pipeline.settings import Connection

        return Connection(
            name=configured.name,
            connector=self.connector(configured.name),
            mapping=configured.mapping,
            select=self._questions(configured.mapping),
            start_at=configured.start_at,
            lateness=self._lateness,
        )

    def _lateness(self, stage: str | None, pipeline: str | None) -> int:
        from velma_connectors.velma.playbook import lateness

        return lateness(self.configuration.analysis, stage=stage, pipeline=pipeline)

    def _questions(self, mapping: MappingFile) -> Callable[[str | None, str | None], AnalysisConfig]:
        from velma_connectors.velma.playbook import select

        terms = mapping.terms()

        def ask(stage: str | None, pipeline: str | None) -> AnalysisConfig:
            return select(self.configuration.analysis, stage=stage, pipeline=pipeline, terms=terms)

        return ask


def engine_settings(configuration: Configuration) -> EngineSettings:
    """What the admin set, in the engine's words; everything else keeps the engine's defaults."""
    from velma_sync.pipeline.settings import EngineSettings

    limits = configuration.limits
    return EngineSettings(
        max_in_flight=limits.max_in_flight,
        max_resend=limits.max_resend,
        min_seconds=limits.min_seconds,
        max_seconds=limits.max_seconds,
        poll_seconds=configuration.schedule.poll_minutes * 60,
        price_per_hour=configuration.velma.price_per_audio_hour,
    )


def open_ledger_of(settings: LedgerSettings, threads: int = 1) -> Ledger:
    """Open the ledger where the settings say it is, for so many threads at the same time.

    Raises ConfigError, RetryLater, LedgerTooNew.
    """
    if settings.url is None:
        return _open_file(settings.path, threads)
    return _open_server(settings.url, settings.password, threads)


def _open_file(path: Path, threads: int) -> Ledger:
    from sqlalchemy.exc import DatabaseError

    from velma_sync.ledger.database import open_ledger

    try:
        return open_ledger(path, threads=threads)
    except PermissionError as error:
        raise ConfigError([refusal(path, error)]) from error
    except (OSError, DatabaseError) as error:
        reason = error.strerror if isinstance(error, OSError) else error.orig
        remedy = "Let this user read and write it, or name another place as 'path' below 'ledger'."
        raise ConfigError([Problem(str(path), f"the ledger cannot be opened: {reason}.", remedy)]) from error


def _open_server(url: str, password: SecretStr | None, threads: int) -> Ledger:
    from sqlalchemy import make_url

    from velma_sync.ledger.database import DATABASE_AWAY, open_ledger

    whole = make_url(url).set(password=password.get_secret_value() if password else None)
    try:
        return open_ledger(whole.render_as_string(hide_password=False), threads=threads)
    except ModuleNotFoundError as error:
        remedy = "Install it with: pip install 'velma-sync[postgresql]'"
        raise ConfigError([Problem("ledger.url", f"needs the package {error.name}.", remedy)]) from error
    except DATABASE_AWAY as error:
        raise RetryLater(f"The ledger at {url} cannot be reached, or does not let us in.") from error
