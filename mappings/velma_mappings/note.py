"""The summary note a sales rep reads: plain text, short, ending in a warning that it is AI-generated.

The text is a Jinja2 template, which an admin may replace; `note_template` says by what.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypedDict

from jinja2 import (
    ChainableUndefined,
    Template,
    Undefined,
    select_autoescape,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from velma_mappings.plain_text import clean, cut

FOOTER = "AI-generated, verify"
NOTE_LENGTH = 10_000
"""Characters; far below what CRMs take, and more than a rep reads."""

MOOD_SCORE = 0.20
"""From here on a sentiment is called positive, and from its negative on negative."""


class Moment(TypedDict):
    """Something noticed; `at` (mm:ss) and `quote` are empty when no place is known."""

    label: str
    at: str
    quote: str


class TopicLine(TypedDict):
    """A topic with the prospect's sentiment: `score` as `-0.64`, `mood` in a word."""

    topic: str
    score: str
    mood: str


class NoteContext(TypedDict):
    """Everything a template may name. Texts are masked and never None."""

    status: str
    reason: str
    summary: str
    minutes: str
    next_step: Moment
    flags: list[Moment]
    positives: list[Moment]
    objections: list[Moment]
    sentiments: list[TopicLine]
    average: str
    competitors: list[str]
    competitor_status: str
    raised_by: str
    first_mention: Moment
    negative_spike: str


DEFAULT_TEMPLATE = """\
{% if reason %}
{{ status }}: {{ reason }}

{% endif %}
{{ summary }}

Next step: {{ next_step.label }}{{ " (" ~ next_step.at ~ ")" if next_step.at else "" }}
{% if next_step.quote %}
  "{{ next_step.quote }}"
{% endif %}
{% if flags %}

Coaching
{% for flag in flags %}
- {{ flag.label }}{{ " (" ~ flag.at ~ ")" if flag.at else "" }}
{% endfor %}
{% endif %}
{% if positives %}

Went well
{% for positive in positives %}
- {{ positive.label }}{{ " (" ~ positive.at ~ ")" if positive.at else "" }}
{% endfor %}
{% endif %}
{% if sentiments %}

Prospect's sentiment by topic
{% for line in sentiments %}
- {{ line.topic }}: {{ line.score }} ({{ line.mood }})
{% endfor %}
{% endif %}
{% if negative_spike %}

Sounded negative: {{ negative_spike }}
{% endif %}
{% if objections %}

Objections
{% for objection in objections %}
- {{ objection.label }}{{ " (" ~ objection.at ~ ")" if objection.at else "" }}
{% endfor %}
{% endif %}
{% if competitor_status %}

Competitors: {{ competitors | join(", ") if competitors else "one that is not on the list" }}
{% if first_mention.at %}
- raised by: {{ raised_by | lower if raised_by else "unknown" }}, first at {{ first_mention.at }}
  "{{ first_mention.quote }}"
{% endif %}
{% endif %}
"""


def render(context: NoteContext, template: str | None = None) -> str:
    """The note as plain text with `\\n` line ends, ending in FOOTER.

    `template` must have passed `note_template.template_fault`.
    """
    text = clean(_compiled(template or DEFAULT_TEMPLATE).render(context))
    body = re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()
    body = cut(body.removesuffix(FOOTER).rstrip(), NOTE_LENGTH - len(FOOTER) - 2)
    return f"{body}\n\n{FOOTER}" if body else FOOTER


def mood(score: float) -> str:
    """A sentiment in a word; the limits are those that make an objection."""
    if score <= -MOOD_SCORE:
        return "negative"
    return "positive" if score >= MOOD_SCORE else "neutral"


def environment(undefined: type[Undefined]) -> ImmutableSandboxedEnvironment:
    """The sandbox that notes are filled in by; `undefined` decides what an unknown name does."""
    sandbox = ImmutableSandboxedEnvironment(
        autoescape=select_autoescape(default_for_string=False),
        undefined=undefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sandbox.globals.clear()
    return sandbox


_RENDERING = environment(ChainableUndefined)


@lru_cache(maxsize=32)
def _compiled(template: str) -> Template:
    return _RENDERING.from_string(template)
