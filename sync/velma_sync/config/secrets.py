"""Secrets come from the environment or from a directory of files, never from the YAML.

One rule names them all: `VELMA_SYNC_`, then the part of the configuration the secret belongs to, then the
option, in capitals, with `_` for everything that is no letter or digit:

    velma: api_key                                      VELMA_SYNC_VELMA_API_KEY
    ledger: password                                    VELMA_SYNC_LEDGER_PASSWORD
    connection sales-eu: consumer_secret                VELMA_SYNC_SALES_EU_CONSUMER_SECRET
    recordings, source twilio: password                 VELMA_SYNC_RECORDINGS_TWILIO_PASSWORD

In the secrets directory the same name in lower case is a file that holds nothing but the secret. The
environment wins. Which options are secret is what the option models say by the type SecretStr.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, create_model
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from velma_connectors.errors import Problem
from velma_sync.config.types import alternatives, item_types, models_for
from velma_sync.config.yaml_file import Location, PlainValue, YamlFile

PREFIX = "VELMA_SYNC"
DIRECTORY_VARIABLE = f"{PREFIX}_SECRETS_DIR"
CONFIG_VARIABLE = f"{PREFIX}_CONFIG"


@dataclass(frozen=True, slots=True)
class SecretOption:
    """One option that is a secret: where it would stand in the file, and where it is read from."""

    location: Location
    variable: str

    @property
    def file_name(self) -> str:
        return self.variable.lower()

    @property
    def option(self) -> str:
        return str(self.location[-1])

    @property
    def sources(self) -> str:
        return (
            f"the environment variable {self.variable} or the file {self.file_name} of the secrets directory"
        )


class _Sources(BaseSettings):
    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)


def variable_name(*owners: str) -> str:
    """The environment variable of one option, from its owners down to its own name."""
    return re.sub(r"[^A-Z0-9]", "_", "_".join((PREFIX, *owners)).upper())


def secret_options(
    owners: tuple[str, ...], model: type[BaseModel], data: PlainValue, at: Location
) -> Iterator[SecretOption]:
    """The secrets that an option model can take, given what the file already says at `at`.

    A list item is an owner of its own by its `name`; of several models the one that `data` chooses counts.
    """
    given = data if isinstance(data, dict) else {}
    for name, field in model.model_fields.items():
        location = (*at, name)
        if SecretStr in alternatives(field.annotation):
            yield SecretOption(location, variable_name(*owners, name))
        for inner in models_for(field.annotation, given.get(name)):
            yield from secret_options(owners, inner, given.get(name), location)
        items = given.get(name)
        if not isinstance(items, list):
            continue
        for place, item in enumerate(items):
            owner = str(item.get("name", place)) if isinstance(item, dict) else str(place)
            for annotation in item_types(field.annotation):
                for inner in models_for(annotation, item):
                    yield from secret_options((*owners, owner), inner, item, (*location, place))


def read_secrets(
    options: Sequence[SecretOption], directory: Path | None, problems: list[Problem]
) -> Mapping[str, SecretStr]:
    """The secrets that are set, by variable. Empty ones count as not set.

    A directory that cannot be read is added to `problems`; the environment is read all the same.
    """
    if not options:
        return {}
    if directory is not None and not directory.is_dir():
        problems.append(Problem(str(directory), "is no directory, so no secrets can be read from it."))
        directory = None
    fields: dict[str, Any] = {option.file_name: (SecretStr | None, None) for option in options}
    sources = create_model("Secrets", __base__=_Sources, **fields)
    try:
        with warnings.catch_warnings():
            # A file that is passed over only causes a warning; the admin should hear of it.
            warnings.simplefilter("error", UserWarning)
            found = sources(_secrets_dir=directory)
    except (OSError, UserWarning, ValueError, SettingsError) as error:
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        where = str(directory or "environment")
        problems.append(Problem(where, f"the secrets cannot be read: {reason}."))
        return {} if directory is None else read_secrets(options, None, problems)
    values = {name.upper(): getattr(found, name) for name in fields}
    return {name: value for name, value in values.items() if value and value.get_secret_value().strip()}


def refuse_secrets_in(file: YamlFile, options: Iterable[SecretOption]) -> list[Problem]:
    """A Problem for every secret that stands in the file."""
    return [
        Problem(
            file.where(file.keys[option.location]),
            f"'{option.option}' is a secret and does not belong in this file.",
            f"Move it to {option.sources}, and replace it if anyone else may have read it.",
        )
        for option in options
        if option.location in file.keys
    ]


def refuse_shared_names(file: YamlFile, options: Iterable[SecretOption]) -> list[Problem]:
    """A Problem for every variable that two options would be read from, or that means something else."""
    taken = {CONFIG_VARIABLE, DIRECTORY_VARIABLE}
    problems = []
    for option in options:
        if option.variable in taken:
            owner = next(
                option.location[:length]
                for length in range(len(option.location), -1, -1)
                if option.location[:length] in file.values
            )
            message = f"the secret '{option.option}' would be read from {option.variable}, like another one."
            where = file.where(file.keys.get(owner, file.values[owner]))
            problems.append(Problem(where, message, "Rename the connection or the recording source."))
        taken.add(option.variable)
    return problems
