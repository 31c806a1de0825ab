"""Questions at a terminal, one a line, and what to say where there is none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import click

from velma_connectors.errors import ConfigError, Problem, RetryLater
from velma_sync.visible import one_line

if TYPE_CHECKING:
    from velma_sync.option_guide import Option
    from velma_sync.setup.form import Form

Answer = TypeVar("Answer")
AGAIN, CHANGE, SKIP = "again", "change", "skip"


class Asker:
    """Asks on stderr, so that stdout holds the outcome alone. `yes` agrees to whatever is proposed."""

    def __init__(self, *, yes: bool) -> None:
        self._yes = yes
        self.is_there = sys.stdin.isatty()

    def say(self, text: str = "") -> None:
        click.echo(text, err=True)

    def say_problems(self, error: ConfigError) -> None:
        """The sentences of a wrong answer: where it stands is what was just asked."""
        for each in error.problems:
            self.say(f"  {one_line(f'{each.message} {each.remedy}')}".rstrip())

    def ask(self, question: str, *, default: str = "", hidden: bool = False) -> str:
        """One line, the default when it is empty. Raises click.Abort at its end and on Ctrl-C."""
        while True:
            try:
                typed: str = click.prompt(
                    question,
                    default=default,
                    show_default=bool(default),
                    hide_input=hidden,
                    err=True,
                )
            except UnicodeDecodeError:
                self.say("  That was no text.")
            except click.Abort:
                self.say()
                raise
            else:
                return typed.strip()

    def agree(self, question: str) -> bool:
        """Yes is also what Enter means: only what was just explained is asked like this."""
        return self._yes or self.choose(f"{question} (yes, no)", ("yes", "no"), default="yes") == "yes"

    def choose(self, question: str, words: Sequence[str], *, default: str = "") -> str:
        """One of some words; their beginnings will do where only one word begins so."""
        while True:
            typed = self.ask(question, default=default).casefold()
            meant = [word for word in words if word == typed] or [
                word for word in words if typed and word.startswith(typed)
            ]
            if len(meant) == 1:
                return meant[0]
            self.say(f"  Please answer one of: {', '.join(words)}.")

    def until_answered(self, question: str, check: Callable[[str], Answer], *, default: str = "") -> Answer:
        """Ask until the answer passes its check, which raises ConfigError."""
        while True:
            try:
                return check(self.ask(question, default=default))
            except ConfigError as error:
                self.say_problems(error)

    def after(self, lost: RetryLater, *, changeable: bool) -> str:
        """What to do about a system that cannot be reached: AGAIN, SKIP, or CHANGE where answers led there.

        Raises `lost` where nobody can be asked.
        """
        if not self.is_there:
            raise lost
        self.say(f"  {one_line(str(lost))}")
        if not changeable:
            question = "Try again, or skip this and take the defaults? (again, skip)"
            return self.choose(question, (AGAIN, SKIP), default=AGAIN)
        question = "Try again, change the answers, or skip this and take the defaults? (again, change, skip)"
        return self.choose(question, (AGAIN, CHANGE, SKIP), default=AGAIN)


def filled(asker: Asker, form: Form, *, fixed: Collection[str]) -> Form:
    """The form with nothing left open. `fixed` are answers of the command line, which stay.

    Raises ConfigError without a terminal, naming what to add to the command line.
    """
    from velma_sync.setup.form import Contradiction

    if not asker.is_there:
        return _filled_alone(form)
    earlier: dict[str, object] = {}
    while True:
        try:
            option = form.next_open()
        except Contradiction as contradiction:
            again = [name for name in contradiction.names if name not in fixed and name in form.answers]
            if not again:
                raise
            asker.say_problems(contradiction)
            earlier |= {name: form.answers[name] for name in again}
            form = form.without(again)
            continue
        if option is None:
            return form
        form = answered(asker, form, option, earlier)


def answered(asker: Asker, form: Form, option: Option, earlier: Mapping[str, object]) -> Form:
    """Ask one setting until its own check accepts the answer."""
    about = f"{option.title}: {option.description}".removeprefix(": ")
    example = f" Example: {_shown(option.examples[0])}." if option.examples else ""
    asker.say()
    asker.say(click.wrap_text(about + example, 79))
    before = earlier.get(option.name)
    kept = before if before is not None else option.default
    default = "" if kept is None or option.secret else _shown(kept)
    if option.secret:
        keeps = "Enter keeps the one before" if before is not None else "@FILE reads it from a file"
        question = f"{option.name} (not shown; {keeps})"
    else:
        question = option.name
    while True:
        typed = asker.ask(question, default=default, hidden=bool(option.secret))
        try:
            if typed and typed != default:
                return form.answered(option.name, typed)
            if kept is not None or not option.required:
                return form.with_value(option.name, kept)
        except ConfigError as error:
            asker.say_problems(error)
        else:
            asker.say(f"  '{option.name}' is needed.")


def _filled_alone(form: Form) -> Form:
    """With defaults where there are some. What is then missing is told all at once."""
    from velma_sync.setup.form import Contradiction

    missing: list[Problem] = []
    whole = form
    try:
        while (option := whole.next_open()) is not None:
            if option.default is not None:
                whole = whole.with_value(option.name, option.default)
                continue
            missing.append(_flag(option))
            # Something in its place shows what else would be missing.
            whole = whole.answered(option.name, _shown(option.examples[0]) if option.examples else "x")
    except Contradiction as contradiction:
        missing += contradiction.problems
    except ConfigError as error:
        if not missing:
            raise error from None
    if missing:
        raise ConfigError(missing)
    return whole


def _flag(option: Option) -> Problem:
    if option.secret:
        source = option.secret[0]
        remedy = f"Set {source.variable}, or put it into the file {source.file} of --secrets-directory."
        return Problem(option.name, "is missing.", remedy)
    return Problem(f"--set {option.name}=VALUE", "is missing.", option.description)


def _shown(value: object) -> str:
    """A value as it would be typed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
