"""Which templates an admin may write for the summary note.

Only the parts of Jinja2 that always end and never fail: printing, conditions, and one loop over a list
of the note. So a template that was accepted works for every call, in bounded time and space.
"""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes

from velma_mappings.note import Moment, NoteContext, environment

TEMPLATE_LENGTH = 8_000

_NOTHING: Moment = {"label": "", "at": "", "quote": ""}
_SAMPLES: tuple[NoteContext, NoteContext] = (
    {
        "status": "Analyzed",
        "reason": "",
        "summary": "",
        "minutes": "",
        "next_step": _NOTHING,
        "flags": [],
        "positives": [],
        "objections": [],
        "sentiments": [],
        "average": "",
        "competitors": [],
        "competitor_status": "",
        "raised_by": "",
        "first_mention": _NOTHING,
        "negative_spike": "",
    },
    {
        "status": "Partial",
        "reason": "the analyzer gave no summary",
        "summary": "They spoke about the price.",
        "minutes": "12.5",
        "next_step": {"label": "Confirmed", "at": "10:00", "quote": "Thursday works for me."},
        "flags": [{"label": "Unaddressed question", "at": "01:00", "quote": "And the price?"}],
        "positives": [{"label": "Rapport building", "at": "02:00", "quote": "Me too."}],
        "objections": [{"label": "pricing pushback", "at": "03:00", "quote": "Too much."}],
        "sentiments": [{"topic": "Pricing", "score": "-0.40", "mood": "negative"}],
        "average": "-0.40",
        "competitors": ["Acme Platform"],
        "competitor_status": "Confirmed",
        "raised_by": "Prospect",
        "first_mention": {"label": "", "at": "04:00", "quote": "We use Acme."},
        "negative_spike": "03:00-04:00 after pricing",
    },
)
_LISTS = frozenset(name for name, sample in _SAMPLES[1].items() if isinstance(sample, list))

_ALLOWED = (
    nodes.And,
    nodes.Compare,
    nodes.Concat,
    nodes.CondExpr,
    nodes.Const,
    nodes.Filter,
    nodes.For,
    nodes.Getattr,
    nodes.Getitem,
    nodes.If,
    nodes.Keyword,
    nodes.Name,
    nodes.Not,
    nodes.Operand,
    nodes.Or,
    nodes.Output,
    nodes.TemplateData,
)
_FILTERS = frozenset({"capitalize", "join", "lower", "trim", "upper"})


_CHECKING = environment(StrictUndefined)


def template_fault(template: str) -> str:
    """What is wrong with a template, with its line; empty when it always works."""
    if len(template) > TEMPLATE_LENGTH:
        return f"is longer than {TEMPLATE_LENGTH} characters; shorten it"
    try:
        tree = _CHECKING.parse(template)
        fault = next(_forbidden(tree), "")
        if not fault:
            for sample in _SAMPLES:
                _CHECKING.from_string(template).render(sample)
    except TemplateSyntaxError as error:
        return f"is wrong in line {error.lineno}: {_sentence(error)}"
    except TemplateError as error:
        return f"cannot be filled in: {_sentence(error)}"
    return fault


def _forbidden(node: nodes.Node, *, in_loop: bool = False) -> Iterator[str]:
    for child in node.iter_child_nodes():
        reason = _why_forbidden(child, in_loop=in_loop)
        if reason:
            yield f"is wrong in line {child.lineno}: {reason}"
        yield from _forbidden(child, in_loop=in_loop or isinstance(child, nodes.For))


def _why_forbidden(node: nodes.Node, *, in_loop: bool) -> str:
    if not isinstance(node, _ALLOWED):
        return f"'{type(node).__name__.lower()}' is not available in notes; print, compare and loop only"
    if isinstance(node, nodes.For) and in_loop:
        return "a loop within a loop is not available in notes"
    if isinstance(node, nodes.For) and not _is_list(node.iter):
        return f"only these can be looped over: {', '.join(sorted(_LISTS))}"
    if isinstance(node, nodes.Operand) and node.op not in ("eq", "ne"):
        return "texts can only be compared with == and !="
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        return f"there is no filter '{node.name}'; there are: {', '.join(sorted(_FILTERS))}"
    if isinstance(node, nodes.Filter) and node.name == "join" and not _is_list(node.node):
        return f"only these can be joined: {', '.join(sorted(_LISTS))}"
    if isinstance(node, nodes.Filter) and node.name != "join" and (node.args or node.kwargs):
        return f"the filter '{node.name}' takes no arguments in notes"
    return ""


def _is_list(node: nodes.Node | None) -> bool:
    return isinstance(node, nodes.Name) and node.name in _LISTS


def _sentence(error: TemplateError) -> str:
    return (error.message or "it is not understood").rstrip(".")
