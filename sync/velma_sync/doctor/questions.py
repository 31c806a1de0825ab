"""The analyzer's key, and what is asked of it: what would be refused, never show, or be found less often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from velma_connectors.administration import Mark
from velma_connectors.errors import SpendStop, Verdict
from velma_connectors.velma.request import lint
from velma_connectors.velma.wording import advise
from velma_sync.config.load import Configuration, analysis_configs
from velma_sync.config.mistakes import ANALYSIS_FILE, NO_RULES
from velma_sync.config.parts import VELMA_PART
from velma_sync.config.secrets import variable_name
from velma_sync.config.yaml_file import Location
from velma_sync.doctor.facts import Fact
from velma_sync.doctor.places import in_analysis, of_analysis_problem

if TYPE_CHECKING:
    from velma_sync.workspace import Workspace

ABOUT = "analysis"
KEY = variable_name("velma", "api_key")


def question_facts(workspace: Workspace, absent: AbstractSet[Location]) -> Iterator[Fact]:
    """Asks for the presets, which costs nothing."""
    configuration = workspace.configuration
    presets: Sequence[str] | None = None
    if VELMA_PART.at not in absent:
        analyzer = workspace.analyzer
        try:
            presets = analyzer.check().presets
            sentence = f"Accepts the key and offers {len(presets)} presets."
            yield Fact(analyzer.name, "login", Mark.OK, sentence)
        except Verdict as verdict:
            yield Fact(analyzer.name, "login", Mark.REFUSED, str(verdict), _key_place(verdict))
    if ANALYSIS_FILE in absent:
        return
    found = [*_refused(configuration, presets), *_never(configuration), *_wording(configuration)]
    yield from found
    if not found:
        asked = len({key for stage in configuration.analysis.stages for key in stage.behaviors})
        yield Fact(ABOUT, "behaviors", Mark.OK, f"All {asked} behaviors that are asked for can show.")


def _key_place(verdict: Verdict) -> str:
    if not (isinstance(verdict, SpendStop) and verdict.code == "auth"):
        return ""
    return f"Copy the key anew from your account at Modulate; it is the secret {KEY}."


def _refused(configuration: Configuration, presets: Sequence[str] | None) -> Iterator[Fact]:
    """What would make the analyzer refuse a request, or a behavior never show in some of them."""
    mappings = [connection.mapping for connection in configuration.connections]
    problems = [
        problem
        for mapping in mappings or [NO_RULES]
        for config in analysis_configs(configuration.analysis, mapping)
        for problem in lint(config, presets)
    ]
    for problem in dict.fromkeys(problems):
        place = of_analysis_problem(configuration, problem)
        remedy = f"{problem.remedy} ({place})".strip()
        yield Fact(ABOUT, "behaviors", Mark.PROBLEM, f"{problem.where}: {problem.message}", remedy)


def _never(configuration: Configuration) -> Iterator[Fact]:
    """Definitions that are sent with no call."""
    file = configuration.analysis
    asked = {key for stage in file.stages for key in stage.behaviors}
    types = {stage.conversation_type for stage in file.stages}
    for at, behavior in enumerate(file.behaviors):
        if behavior.key in asked:
            continue
        place = in_analysis(configuration, "behaviors", at)
        scope = set(behavior.conversation_types)
        if scope and not scope & types:
            why = f"it is limited to {' and '.join(sorted(scope))}, which no stage asks with"
        else:
            why = "no stage asks for it"
        sentence = f"behavior '{behavior.key}': can never show: {why}."
        yield Fact(ABOUT, "behaviors", Mark.ADVICE, sentence, f"Add it to a stage, or remove it ({place}).")
    for at, kind in enumerate(file.conversation_types):
        if kind.key not in types:
            place = in_analysis(configuration, "conversation_types", at)
            sentence = f"conversation type '{kind.key}': no stage asks with it."
            yield Fact(
                ABOUT, "behaviors", Mark.ADVICE, sentence, f"Use it in a stage, or remove it ({place})."
            )


def _wording(configuration: Configuration) -> Iterator[Fact]:
    for problem in advise(configuration.analysis):
        place = of_analysis_problem(configuration, problem)
        yield Fact(
            ABOUT, "wording", Mark.ADVICE, f"{problem.where}: {problem.message}", f"Reword it ({place})."
        )
