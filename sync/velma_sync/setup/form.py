"""The settings of one owner while they are being asked for, checked by the model that reads the file.

What has to be asked follows from the model alone: settings without a default, and those that its own checks
name as soon as the answers so far need them ("flow jwt also needs username and private_key").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel, SecretStr, ValidationError

from velma_connectors.errors import ConfigError, Problem
from velma_sync.access import is_there
from velma_sync.config.problems import Finding, findings_of
from velma_sync.config.secrets import read_secrets, secret_options
from velma_sync.config.types import alternatives, models_for
from velma_sync.config.yaml_file import Location, PlainValue, Position, YamlFile, parse_yaml
from velma_sync.option_guide import Option, options_of

PLACE: Location = ("options",)
_LISTS = (tuple, list, set, frozenset)


class Contradiction(ConfigError):
    """The answers do not go together. `names` are those that the model's own sentence names."""

    def __init__(self, problem: Problem, names: Sequence[str]) -> None:
        super().__init__([problem])
        self.names = tuple(names)


@dataclass(frozen=True, slots=True)
class Form:
    """`answers` by the dotted name of the setting: plain data, or SecretStr. `owner` names the secrets."""

    owner: str
    model: type[BaseModel]
    answers: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def options(self) -> tuple[Option, ...]:
        """Settings that hold a value, in the order of the model; those made of others are left out."""
        every = options_of(self.model, (self.owner,))
        owners = {each.name.rpartition(".")[0] for each in every}
        return tuple(each for each in every if each.name not in owners)

    def option(self, name: str) -> Option:
        """Raises ConfigError for a name that the model does not have."""
        found = next((each for each in self.options if each.name == name), None)
        if found is None:
            known = ", ".join(each.name for each in self.options if not each.secret)
            raise ConfigError([Problem(f"--set {name}", "is not a setting here.", f"Allowed: {known}.")])
        return found

    def with_outside_secrets(self, directory: Path | None) -> Form:
        """With the secrets that the environment or the secrets directory holds. Raises ConfigError."""
        problems: list[Problem] = []
        wanted = list(secret_options((self.owner,), self.model, None, ()))
        there = directory if directory is not None and is_there(directory) else None
        values = read_secrets(wanted, there, problems).values
        if problems:
            raise ConfigError(problems)
        form = self
        for each in wanted:
            name = ".".join(map(str, each.location))
            if each.variable in values and name not in self.answers:
                form = form.with_value(name, values[each.variable])
        return form

    def next_open(self) -> Option | None:
        """What to ask next; None when the model has all it needs. Raises Contradiction."""
        findings = _findings(self)
        for finding in findings:
            concerned = [
                each for each in self.options if each.name not in self.answers and _concerns(finding, each)
            ]
            if concerned:
                return concerned[0]
        for finding in findings:
            names = [each.name for each in self.options if _concerns(finding, each)]
            raise Contradiction(replace(finding.problem, where=self.owner), names)
        return None

    def answered(self, name: str, text: str) -> Form:
        """With what somebody typed. Raises ConfigError with the sentence that a wrong file would get."""
        option = self.option(name)
        value = _secret(option, text) if option.secret else _value(_annotation(self.model, name), text, name)
        return self.with_value(name, value)

    def with_value(self, name: str, value: object) -> Form:
        """With a value of the setting's own type, such as a secret or a suggestion."""
        form = replace(self, answers={**self.answers, name: value})
        location = tuple(name.split("."))
        problems = [
            replace(each.problem, where=name)
            for each in _findings(form)
            if each.about[: len(location)] == location
        ]
        if problems:
            raise ConfigError(problems)
        return form

    def without(self, names: Sequence[str]) -> Form:
        return replace(self, answers={name: v for name, v in self.answers.items() if name not in names})

    def complete(self) -> BaseModel:
        """The validated settings. Only for a form that leaves nothing open."""
        return self.model.model_validate(_nested(self.answers))

    def written(self) -> dict[str, Any]:
        """What belongs in the file: the answers as the model reads them, without secrets."""
        whole = self.complete().model_dump(mode="json")
        secret = {each.name for each in self.options if each.secret}
        return _nested({name: _at(whole, name) for name in self.answers if name not in secret})

    def secrets(self) -> dict[str, SecretStr]:
        """The secret answers by environment variable."""
        return {
            each.secret[0].variable: value
            for each in self.options
            if each.secret and isinstance(value := self.answers.get(each.name), SecretStr)
        }


def _findings(form: Form) -> list[Finding]:
    """What the model says, in the words for a file that holds the answers below `options`."""
    data = _nested(form.answers)
    try:
        form.model.model_validate(data)
    except ValidationError as error:
        places = {location: Position(1, 1) for location in _locations(data, PLACE)}
        file = YamlFile(Path(form.owner), None, places, places)
        found = findings_of(error, file, form.model, PLACE)
        return [replace(each, about=each.about[len(PLACE) :]) for each in found]
    return []


def _concerns(finding: Finding, option: Option) -> bool:
    """Whether a finding is about an option, or about the whole and names it."""
    location = tuple(option.name.split("."))
    if finding.about:
        shared = min(len(location), len(finding.about))
        return location[:shared] == finding.about[:shared]
    return re.search(rf"\b{re.escape(location[-1])}\b", finding.problem.message) is not None


def _locations(data: object, at: Location) -> Iterator[Location]:
    yield at
    items: Any = ()
    if isinstance(data, Mapping):
        items = data.items()
    elif isinstance(data, list | tuple):
        items = enumerate(data)
    for key, value in items:
        yield from _locations(value, (*at, key))


def _nested(answers: Mapping[str, object]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for name, value in answers.items():
        *way, last = name.split(".")
        owner = whole
        for step in way:
            owner = owner.setdefault(step, {})
        owner[last] = value
    return whole


def _at(data: Any, name: str) -> object:
    for step in name.split("."):
        data = data[step]
    return data


def _annotation(model: type[BaseModel], name: str) -> Any:
    """The type of a setting; a dot leads into a model."""
    first, _, rest = name.partition(".")
    annotation = model.model_fields[first].annotation
    if not rest:
        return annotation
    inner = models_for(annotation, None)
    return next(
        (_annotation(each, rest) for each in inner if rest.partition(".")[0] in each.model_fields), Any
    )


def _value(annotation: Any, text: str, name: str) -> object:
    """What was typed as data: lists also without brackets. Everything else is for the model to read."""
    typed = text.strip()
    if not typed.isprintable():
        raise ConfigError([Problem(name, f"'{name}' holds characters that cannot be shown.")])
    origins = {get_origin(each) for each in alternatives(annotation)}
    if origins & {dict, *_LISTS} and typed[:1] in ("[", "{"):
        return _yaml(typed, name)
    if origins & set(_LISTS):
        return [part.strip() for part in typed.split(",") if part.strip()]
    return typed


def _yaml(typed: str, name: str) -> PlainValue:
    try:
        return parse_yaml(typed, Path(name)).data
    except ConfigError as error:
        raise ConfigError([replace(each, where=name) for each in error.problems]) from error


def _secret(option: Option, text: str) -> SecretStr:
    """A secret as it was typed, or from the file that follows an @, for those of several lines."""
    typed = text.strip()
    if typed.startswith("@"):
        try:
            return SecretStr(Path(typed[1:]).expanduser().read_text(encoding="utf-8").strip())
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise ConfigError([Problem(option.name, f"the file after @ cannot be read: {reason}.")]) from None
    if not typed.isprintable():
        message = f"'{option.name}' holds characters that cannot be typed; write @ and the name of a file."
        raise ConfigError([Problem(option.name, message)])
    return SecretStr(typed)
