"""The questions of `velma-sync init`, in their order. What follows from an answer is decided in `setup`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from velma_connectors.errors import ConfigError, Problem, RetryLater, SpendStop, StopConnection
from velma_connectors.registry import ConnectorKind
from velma_connectors.velma.options import VelmaOptions
from velma_sync.cli.asking import CHANGE, SKIP, Asker, answered, filled
from velma_sync.cli.output import counted
from velma_sync.setup import account, files, sources
from velma_sync.setup.form import Form
from velma_sync.visible import one_line

if TYPE_CHECKING:
    from pydantic import SecretStr

    from velma_connectors.model import Health
    from velma_mappings.mapping_file import MappingFile
    from velma_mappings.proposals import Proposal
    from velma_sync.setup.existing import Existing

VELMA, RECORDINGS = "velma", "recordings"


@dataclass(slots=True)
class Dialogue:
    """One connection on its way from credentials to decisions. `given` are the settings of --set."""

    asker: Asker
    kind: ConnectorKind
    name: str
    given: Mapping[str, str]
    directory: Path | None
    offline: bool
    existing: Existing | None
    used: set[str] = field(default_factory=set)
    outside: dict[str, SecretStr] = field(default_factory=dict, repr=False)
    """Secrets that nobody had to type, by variable."""
    forms: list[Form] = field(default_factory=list, repr=False)

    def decide(self, mapping: MappingFile, now: datetime) -> files.Setup:
        """Ask everything. Raises ConfigError, RetryLater and StopConnection where nobody can be asked."""
        connection, found = self._connection()
        if found is not None:
            connection = self._suggestions(connection, found)
        around = self._surroundings(connection, mapping, now) if found is not None else None
        chosen, logins = self._sources(around) if around else ((), {})
        self._refuse_left_over()
        velma = self._velma() if self.existing is None else None
        fields = self._fields(mapping, around) if around else ()
        self.forms.append(connection)
        return files.Setup(
            kind=self.kind,
            connection=self.name,
            options=connection.written(),
            start_at=now,
            sources=chosen,
            logins=logins,
            velma=velma.written() if velma else {},
            fields=fields,
            secrets_directory=self.directory,
            secrets=self._to_write(),
        )

    def secrets(self) -> dict[str, SecretStr]:
        """Everything that is secret, by variable."""
        return {variable: value for form in self.forms for variable, value in form.secrets().items()}

    def typed(self) -> dict[str, SecretStr]:
        return {name: value for name, value in self.secrets().items() if self.outside.get(name) != value}

    def obstacles(self) -> list[Problem]:
        """What nobody could be asked for without a terminal."""
        found: list[Problem] = []
        for begin in (self._connection_form, *([] if self.existing else [self._velma_form])):
            try:
                form = begin()
                filled(self.asker, form, fixed=form.answers)
            except ConfigError as error:
                found += error.problems
        return found

    def _connection_form(self) -> Form:
        mine = (name for name in self.given if not name.startswith((f"{VELMA}.", f"{RECORDINGS}.")))
        return self._begun(Form(self.name, self.kind.options), {name: name for name in mine})

    def _velma_form(self) -> Form:
        return self._begun(Form(VELMA, VelmaOptions), self._given_for(VELMA))

    def _given_for(self, prefix: str) -> dict[str, str]:
        """Settings of the command line that begin so, with what they are called in their own model."""
        return {name: name.removeprefix(f"{prefix}.") for name in self.given if name.startswith(f"{prefix}.")}

    def _begun(self, form: Form, given: Mapping[str, str]) -> Form:
        """With the answers of the command line, the environment and the secrets directory."""
        for name, option in given.items():
            if form.option(option).secret:
                message = "is a secret, and would be seen by everybody who lists processes."
                raise ConfigError(
                    [Problem(f"--set {name}", message, "Let it be asked, or set its variable.")]
                )
            form = form.answered(option, self.given[name])
        self.used |= set(given)
        known = form.with_outside_secrets(self.directory)
        self.outside |= known.secrets()
        return known

    def _connection(self) -> tuple[Form, account.Account | None]:
        form = self._connection_form()
        for variable in self.outside:
            self.asker.say(f"{variable} is set.")
        form = filled(self.asker, form, fixed=form.answers)
        while not self.offline:
            try:
                found = account.look_at(self.kind, self.name, form.complete())
            except RetryLater as lost:
                todo = self.asker.after(lost, changeable=True)
                if todo == SKIP:
                    break
                if todo == CHANGE:
                    form = self._asked_again(form)
            except StopConnection as stop:
                form = self._refused(form, stop)
            else:
                self._introduce(found.health)
                return form, found
        return form, None

    def _introduce(self, health: Health) -> None:
        """Who we are there, and what is missing."""
        shown = health.account_name
        if health.account_id not in shown:
            shown += f" ({health.account_id})"
        self.asker.say(f"\nConnected to {one_line(shown)} as {one_line(health.user)}.")
        for problem in health.problems:
            self.asker.say(f"  {one_line(problem)}")

    def _refused(self, form: Form, stop: StopConnection | SpendStop) -> Form:
        """Whatever was refused may be due to any answer. Raises `stop` where nobody can be asked."""
        if not self.asker.is_there:
            raise stop
        self.asker.say(f"\n{one_line(str(stop))}")
        return self._asked_again(form)

    def _asked_again(self, form: Form) -> Form:
        """All answers once more, each with the one before."""
        again = form
        for option in form.options:
            if option.name in form.answers:
                again = answered(self.asker, again, option, form.answers)
        return filled(self.asker, again, fixed=())

    def _suggestions(self, form: Form, found: account.Account) -> Form:
        """What the account speaks for, unless it was decided already; what is the default anyway is told."""
        defaults = {each.name: each.default for each in form.options}
        for each in found.suggestions:
            if each.option in form.answers:
                continue
            value = list(each.value) if isinstance(each.value, tuple) else each.value
            self.asker.say(f"\n{each.option}: {one_line(each.reason)}")
            if value != defaults.get(each.option) and self.asker.agree(
                f"Set {each.option} to {one_line(_shown(value))}?"
            ):
                form = form.with_value(each.option, value)
        return form

    def _surroundings(self, form: Form, mapping: MappingFile, now: datetime) -> account.Surroundings | None:
        while True:
            try:
                around = account.look_around(self.kind, self.name, form.complete(), mapping, now)
            except RetryLater as lost:
                if self.asker.after(lost, changeable=False) == SKIP:
                    return None
            else:
                for problem in around.problems:
                    self.asker.say(f"\n{one_line(problem)}")
                return around

    def _sources(
        self, around: account.Surroundings
    ) -> tuple[tuple[sources.Source, ...], Mapping[str, Mapping[str, Any]]]:
        """The hosts to allow, and how to log in there."""
        listed = self.existing.hosts if self.existing else ()
        seen = counted(around.calls, "call")
        if not around.hosts:
            self.asker.say(f"\nIn a sample of {seen} of the last months there is no link to a recording.")
        chosen: list[sources.Source] = []
        logins: dict[str, Mapping[str, Any]] = {}
        names = self.existing.source_names if self.existing else ()
        for each in sources.sources_for(around.hosts, listed, names):
            (host,) = each.hosts
            self.asker.say(f"\nIn a sample of {seen}, {each.calls} have their recording at {host}.")
            if not self.asker.agree(f"May recordings be fetched from {host}?"):
                continue
            chosen.append(each)
            if each.login and (form := self._login(each, each.login)):
                logins[each.name] = form.written()
                self.forms.append(form)
        return tuple(chosen), logins

    def _login(self, source: sources.Source, login: sources.Login) -> Form | None:
        """None when the links are to be followed without a login."""
        place = f"{RECORDINGS}.{source.name}"
        form = Form(place.replace(".", " "), login.model, {"type": login.type})
        form = self._begun(form, self._given_for(place))
        if len(form.answers) == 1:
            self.asker.say(f"  Its links usually want a login. {login.hint}")
            if not (self.asker.is_there and self.asker.agree("Enter it now?")):
                return None
        return filled(self.asker, form, fixed=form.answers)

    def _refuse_left_over(self) -> None:
        """Settings of recording sources that were not found, and of Velma where it is configured already."""
        left_over = [name for name in self.given if name not in self.used]
        problems = [
            Problem(f"--set {name}", "matches no recording source.", "Write it into the file afterwards.")
            for name in left_over
            if self.existing or not name.startswith(f"{VELMA}.")
        ]
        if problems:
            raise ConfigError(problems)

    def _velma(self) -> Form:
        form = self._velma_form()
        self.asker.say("\nVelma, which analyses the recordings:")
        form = filled(self.asker, form, fixed=form.answers)
        while not self.offline:
            try:
                presets = account.check_velma(VelmaOptions.model_validate(form.complete().model_dump()))
            except RetryLater as lost:
                todo = self.asker.after(lost, changeable=True)
                if todo == SKIP:
                    break
                if todo == CHANGE:
                    form = self._asked_again(form)
            except SpendStop as stop:
                form = self._refused(form, stop)
            else:
                self.asker.say(f"\nVelma accepts the key and offers {presets} presets.")
                break
        self.forms.append(form)
        return form

    def _fields(self, mapping: MappingFile, around: account.Surroundings) -> tuple[Proposal, ...]:
        from velma_mappings.proposals import missing_fields, propose

        taken = []
        for each in propose(mapping, around.fields):
            self.asker.say(
                f"\n{each.value}: the {each.on} has a field that fits, "
                f"'{one_line(each.label)}' ({each.field})."
            )
            if self.asker.agree(f"Write it to {each.field}?"):
                taken.append(each)
        missing = len(missing_fields(mapping, around.fields)) - len(taken)
        rules = counted(len(mapping.rules), "mapped field")
        more = f"{missing} do not exist yet; velma-sync provision creates them" if missing else "all exist"
        self.asker.say(f"\nOf {rules}, {more}.")
        return tuple(taken)

    def _to_write(self) -> dict[str, SecretStr]:
        """Those that were typed, if there is a directory for them and the admin wants them there."""
        typed = self.typed()
        if self.directory is None or not typed:
            return {}
        new = {name: each for name, each in typed.items() if not (self.directory / name.lower()).exists()}
        question = f"Write {counted(len(new), 'secret')} into {self.directory}, readable only by you?"
        self.asker.say()
        return new if new and self.asker.agree(question) else {}


def _shown(value: object) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
