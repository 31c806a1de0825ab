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

import os
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
from velma_sync.access import refusal
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


@dataclass(frozen=True, slots=True)
class SecretsFound:
    """Secrets by variable, and those that are not set as far as can be told: their files cannot be read."""

    values: Mapping[str, SecretStr]
    unreadable: tuple[SecretOption, ...] = ()


class _Source(BaseSettings):
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
) -> SecretsFound:
    """The secrets that are set. Empty ones count as not set.

    Every file that cannot be read, or their directory, is added to `problems`; the others count.
    """
    values = {option.variable: value for option in options if (value := _read(option, None))}
    left = [option for option in options if option.variable not in values]
    if directory is None or not options:
        return SecretsFound(values)
    try:
        os.scandir(directory).close()
        # Listing does not take the right to enter, this does.
        (directory / "..").stat()
    except PermissionError as error:
        problems.append(refusal(directory, error))
        return SecretsFound(values, tuple(left))
    except (OSError, ValueError):
        problems.append(Problem(str(directory), "is no directory, so no secrets can be read from it."))
        return SecretsFound(values)
    unreadable = []
    for option in left:
        try:
            value = _read(option, directory)
        except (OSError, UserWarning, ValueError, SettingsError) as error:
            problems.append(_unreadable(directory / option.file_name, error))
            unreadable.append(option)
            continue
        values |= {option.variable: value} if value else {}
    return SecretsFound(values, tuple(unreadable))


def _read(option: SecretOption, directory: Path | None) -> SecretStr | None:
    fields: dict[str, Any] = {option.file_name: (SecretStr | None, None)}
    source = create_model("Secret", __base__=_Source, **fields)
    with warnings.catch_warnings():
        # A file that is passed over only causes a warning; the admin should hear of it.
        warnings.simplefilter("error", UserWarning)
        value: SecretStr | None = getattr(source(_secrets_dir=directory), option.file_name)
    return value if value and value.get_secret_value().strip() else None


def _unreadable(path: Path, error: BaseException) -> Problem:
    # What pydantic-settings meets with a file may come wrapped in a sentence of its own.
    error = error.__cause__ or error
    if isinstance(error, PermissionError):
        return refusal(path, error)
    reason = "it is no plain file inside that directory"
    if isinstance(error, UnicodeDecodeError):
        reason = "it is not UTF-8 text"
    elif isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
    return Problem(str(path), f"the secret cannot be read: {reason}.", "Write the secret into it anew.")


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
