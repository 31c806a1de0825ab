"""One connection: who we are, what we may do, what a day costs, and what it would be written into."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

from velma_connectors.administration import Diagnosis, Mark
from velma_connectors.model import Window
from velma_connectors.protocol import CrmConnector
from velma_sync.config.load import Connection
from velma_sync.config.mistakes import mapping_of
from velma_sync.config.parts import LEDGER_PART, RECORDINGS_PART
from velma_sync.config.yaml_file import Location
from velma_sync.doctor.facts import Fact, diagnosed, guarded
from velma_sync.doctor.mapped_fields import field_facts, note_facts, wanted
from velma_sync.doctor.memory import can_be_read
from velma_sync.doctor.places import in_configuration
from velma_sync.doctor.reachability import recording_facts
from velma_sync.ledger import probes
from velma_sync.pipeline.settings import EngineSettings

if TYPE_CHECKING:
    from velma_sync.workspace import Workspace

QUIET_UNTIL = datetime(2000, 1, 1, tzinfo=UTC)
"""No CRM has calls from before: a look at that time reads none, at whatever hour it is taken."""
MINUTES_OF_A_DAY = 24 * 60
LARGE_PART = 0.25
"""Of an allowance that others live on as well."""

Look = Callable[[], Iterable[Fact]]


def account_facts(
    workspace: Workspace,
    connection: Connection,
    settings: EngineSettings,
    now: datetime,
    absent: AbstractSet[Location],
) -> Iterator[Fact]:
    """Costs a few requests. Ends with the refusal of an account that does not let us in.

    Every other question stands for itself: what keeps one from being answered is told beside the rest.
    """
    name = connection.name
    connector = workspace.connector(name)
    administration = workspace.administration(name)
    diagnoses: list[Diagnosis] = []

    def diagnose() -> Iterator[Fact]:
        if administration is not None:
            diagnoses.extend(administration.diagnose(wanted(connection, connector)))
        return (diagnosed(name, each) for each in diagnoses)

    facts = list(guarded(name, "rights", diagnose))
    if _is_shut_out(facts):
        yield from facts
        return
    login = list(guarded(name, "login", lambda: _login(connector, name, told=administration is not None)))
    yield from login
    if administration is None and _is_shut_out(login):
        return
    yield from facts
    told = {field for each in diagnoses for field in each.fields}
    mapping = mapping_of(name)
    looks: tuple[tuple[str, Location | None, Look], ...] = (
        ("fields", mapping, lambda: field_facts(connection, connector, told)),
        ("notes", mapping, lambda: note_facts(connection, connector)),
        ("requests", None, lambda: _cost(workspace, connector, name, settings, now)),
        (
            "recordings",
            RECORDINGS_PART.at,
            lambda: recording_facts(name, connector, workspace.configuration, now),
        ),
        ("probe", LEDGER_PART.at, lambda: _answers(workspace, name, now)),
    )
    for topic, needed, look in looks:
        if needed not in absent:
            yield from guarded(name, topic, look)


def _is_shut_out(facts: Iterable[Fact]) -> bool:
    return any(fact.topic == "login" and fact.mark is Mark.REFUSED for fact in facts)


def _login(connector: CrmConnector, name: str, *, told: bool) -> Iterator[Fact]:
    """Who we are. `told`: what we may do is told by a diagnosis."""
    health = connector.check()
    account = f"{health.account_name} ({health.account_id})"
    yield Fact(name, "login", Mark.OK, f"Acts as {health.user} in {account}, API {health.api_version}.")
    if not told:
        yield from (Fact(name, "rights", Mark.PROBLEM, problem) for problem in health.problems)
        sentence = "This kind of connector tells nothing of rights, versions and limits."
        yield Fact(name, "rights", Mark.OK, sentence)


def _cost(
    workspace: Workspace, connector: CrmConnector, name: str, settings: EngineSettings, now: datetime
) -> Iterator[Fact]:
    """What a day costs: a look that finds nothing is counted, writing reckoned as if no two calls came
    together.
    """
    window = Window(QUIET_UNTIL - timedelta(seconds=settings.overlap_seconds), QUIET_UNTIL)
    before = connector.budget().requests
    connector.calls(window, None, limit=settings.page_calls)
    look = max(1, connector.budget().requests - before)
    looks = ceil(MINUTES_OF_A_DAY * 60 / settings.poll_seconds)
    calls = connector.count(Window(now - timedelta(days=1), now))
    each = connector.capabilities.batch_requests
    requests = looks * look + calls * each
    sentence = (
        f"A day costs about {requests:,} API requests: {looks} looks at {look} each, and for each call up to "
        f"{each} more; {calls} call{'' if calls == 1 else 's'} changed in the last day."
    )
    allowed = connector.budget().allowed
    if not allowed or requests <= allowed * LARGE_PART:
        yield Fact(name, "requests", Mark.OK, sentence)
        return
    part = f" That is {100 * requests / allowed:.0f} % of the account's {allowed:,}."
    remedy = f"Raise poll_minutes ({in_configuration(workspace.configuration, 'schedule', 'poll_minutes')})."
    yield Fact(name, "requests", Mark.ADVICE, sentence + part, remedy)


def _answers(workspace: Workspace, name: str, now: datetime) -> Iterator[Fact]:
    """What earlier probes were answered, with their age."""
    if not can_be_read(workspace):
        return
    with workspace.ledger.read() as tx:
        rows = probes.listed(tx, name)
    for row in rows:
        yield Fact(name, "probe", row.mark, f"{row.sentence} (Probed {_age(now - row.at)}.)")


def _age(span: timedelta) -> str:
    if span < timedelta(hours=1):
        return "just now"
    if span < timedelta(days=2):
        return f"{span // timedelta(hours=1)} h ago"
    return f"{span.days} days ago"
