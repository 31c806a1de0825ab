"""What went wrong, said as what the engine must do about it.

    VelmaSyncError
    ├── ConfigError            files or settings are wrong; nothing was started
    └── Verdict                one outside system answered; the class is the next step
        ├── RetryLater         the same request may succeed after some seconds
        ├── SkipCall           this call will never succeed as it is; the others go on
        │   └── CallGone       its record was deleted
        ├── StopConnection     this CRM connection needs its admin; the others go on
        ├── SpendStop          nothing may be paid for until the admin acts
        └── OutcomeUnknown     sent, but no answer came: it may have been billed or written

Messages are written for the admin: what happened, which record, field or setting, what to do.
They hold no response bodies, tokens, locators, names of people or transcripts.
"""

from __future__ import annotations

from dataclasses import dataclass


class VelmaSyncError(Exception):
    """Root of every error this project raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a file, a setting or a schema, and where.

    `where` is `file:line:column` for a file, otherwise the name of the setting, field or record.
    """

    where: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        sentence = f"{self.where}: {self.message}"
        return f"{sentence} {self.remedy}" if self.remedy else sentence


class ConfigError(VelmaSyncError):
    """Configuration that cannot be used. Carries every problem found, not only the first."""

    def __init__(self, problems: tuple[Problem, ...] | list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Verdict(VelmaSyncError):
    """An outside system's answer, translated into what the engine does next."""


class RetryLater(Verdict):
    """May succeed later. `after` is the least number of seconds to wait.

    `counts` is False when the attempt must not use up the call's tries (a concurrency limit, a
    paused system): waiting is then nobody's fault.
    """

    def __init__(self, message: str, *, after: float = 30.0, counts: bool = True) -> None:
        super().__init__(message)
        self.after = after
        self.counts = counts


class SkipCall(Verdict):
    """This call is parked with its reason. `code` is a stable word for counting, such as `not_audio`.

    `report` is True when the failure is worth showing on the CRM record itself.
    """

    def __init__(self, message: str, *, code: str, report: bool = True) -> None:
        super().__init__(message)
        self.code = code
        self.report = report


class CallGone(SkipCall):
    """The call's record no longer exists in the CRM."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="gone", report=False)


class StopConnection(Verdict):
    """The connection is paused until its admin acts: authentication, scope, API switched off."""


class SpendStop(Verdict):
    """No further paid request may be sent: credits, quota, a rejected key or a rejected configuration.

    `code` is one of `auth`, `quota`, `credits`, `config`. `retry_after` is None when only a person can
    mend it, otherwise the seconds after which a free probe may look again.
    """

    def __init__(self, message: str, *, code: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after


class OutcomeUnknown(Verdict):
    """Sent, but no answer was received: read timeout, gateway timeout or a cut connection."""
