"""The summary note, and which templates an admin may write for it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.analysis import RolePick
from velma_mappings.note import FOOTER, NOTE_LENGTH, mood
from velma_mappings.note_template import TEMPLATE_LENGTH, template_fault
from velma_mappings.report import distil

BARE_NOTE = """\
Partial: the analyzer gave no summary; the analyzer named no topics

Next step: Not confirmed. (The analyzer gave no summary; this one was put together from its findings.)

Next step: Not confirmed

AI-generated, verify"""

UNNAMED_NOTE = """\
They met.

Next step: Unknown

Prospect's sentiment by topic
- Pricing: +0.20 (positive)
- fishing: -0.30 (negative)

Objections
- Trust (00:40)

Competitors: one that is not on the list
- raised by: prospect, first at 00:00
  "Hello, how are you?"

AI-generated, verify"""

UNCERTAIN_NOTE = """\
Partial: the speakers' roles are uncertain: no speaker could be given a role

They met.

Next step: Unknown

Coaching
- Question

Competitors: Acme Platform
- raised by: unknown, first at 00:00
  "Acme?"

AI-generated, verify"""

NO_TOPICS = "Partial: the analyzer named no topics\n\n"


def note(make: Any, analysis: Any, config: Any, **mapping: Any) -> str:
    return distil(make.call(), analysis, config, make.mapping(**mapping)).note


def test_a_note_without_findings_is_short(make: Any) -> None:
    assert note(make, make.analysis(summary=None), make.config("plan")) == BARE_NOTE


def test_a_note_tells_a_rival_without_a_name_by_quoting(make: Any) -> None:
    rows = (
        make.row("rival", "p", evidence=("c1",)),
        make.row("trust", "p", evidence=("c3",)),
    )
    analysis = make.analysis(
        detections=rows, **make.scores(("price", "p", 0.2), ("fishing", "p", -0.3), ("boats", "r", 0.9))
    )
    config = make.config("rival", "trust")
    assert note(make, analysis, config) == UNNAMED_NOTE


def test_a_note_of_uncertain_roles_tells_nothing_per_side(make: Any) -> None:
    clips = (make.clip("c1", "p", "Acme?"), *make.conversation()[1:])
    scores = make.scores(("price", "p", 0.2))
    analysis = make.analysis(clips=clips, roles=(), detections=(make.row("question", "r"),), **scores)
    assert note(make, analysis, make.config("question")) == UNCERTAIN_NOTE


def test_a_switched_off_note_is_empty(make: Any) -> None:
    assert note(make, make.analysis(), make.config(), notes={"enabled": False}) == ""


OWN_TEMPLATE = """
{% for flag in flags %}{{ loop.index }}. {{ flag.label | upper }}{{ "" if loop.last else ", " }}{% endfor %}

{{ competitors | join(" + ") }}{{ sentiments[0].topic if sentiments else "no topics" }}
{% if next_step.label == "Confirmed" and next_step.at != "" or status == "x" %}agreed{% else %}open{% endif %}
"""


def test_a_template_of_the_admins_own_is_filled_in(make: Any) -> None:
    assert template_fault(OWN_TEMPLATE) == ""
    analysis = make.analysis(
        clips=(make.clip("c1", "p", "Acme and Quorvane"), *make.conversation()[1:]),
        detections=(make.row("question", "r"), make.row("off_topic", "r")),
    )
    text = note(
        make, analysis, make.config("question", "off_topic", "plan"), notes={"template": OWN_TEMPLATE}
    )
    assert text.split("\n") == [
        "1. QUESTION, 2. OFF-TOPIC",
        "Acme Platform + Quorvaneno topics",
        "open",
        "",
        "AI-generated, verify",
    ]


def test_the_longest_template_is_taken() -> None:
    assert template_fault("x" * TEMPLATE_LENGTH) == ""


@pytest.mark.parametrize("template", ["", "   ", "{{ '' }}", f"Text\n{FOOTER}", f"Text {FOOTER}\n\n"])
def test_every_note_ends_in_the_warning_once(make: Any, template: str) -> None:
    assert template_fault(template) == ""
    text = note(make, make.analysis(), make.config(), notes={"template": template})
    assert text.endswith(FOOTER)
    assert text.count(FOOTER) == 1


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{{ sumary }}", "cannot be filled in: 'sumary' is undefined"),
        ("{{ next_step.place }}", "cannot be filled in: 'dict object' has no attribute 'place'"),
        ("{{ summary.__class__ }}", "cannot be filled in: access to attribute '__class__'"),
        ("ok\n{{ summary", "is wrong in line 2: unexpected end of template"),
        ("{% fetch x %}", "is wrong in line 1: Encountered unknown tag 'fetch'"),
        ("{% set x = 1 %}", "is wrong in line 1: 'assign' is not available"),
        ("{{ summary * 1000000 }}", "is wrong in line 1: 'mul' is not available"),
        ("\n\n{{ range(9) }}", "is wrong in line 3: 'call' is not available"),
        ("{% include 'x' %}", "'include' is not available"),
        ("{% macro m() %}{% endmacro %}", "'macro' is not available"),
        ("{{ summary is defined }}", "'test' is not available"),
        ("{{ summary[1:] }}", "'slice' is not available"),
        ("{% for x in summary %}{% endfor %}", "only these can be looped over: competitors, flags"),
        ("{% for x in flags[0] %}{% endfor %}", "only these can be looped over"),
        (
            "{% for x in flags %}{% for y in flags %}{% endfor %}{% endfor %}",
            "a loop within a loop is not available",
        ),
        ("{{ summary < 'x' }}", "texts can only be compared with == and !="),
        ("{{ summary | center(999999999) }}", "there is no filter 'center'; there are: capitalize, join"),
        ("{{ summary | join }}", "only these can be joined"),
        ("{{ summary | trim(5) }}", "the filter 'trim' takes no arguments"),
        ("x" * (TEMPLATE_LENGTH + 1), "is longer than 8000 characters; shorten it"),
    ],
)
def test_a_template_that_might_fail_is_refused_with_the_reason(template: str, fault: str) -> None:
    assert fault in template_fault(template)


PARTS = st.sampled_from(
    [
        "{{ summary }}",
        "{{ flags[3].at }}",
        "{{ next_step.nothing.at all }}",
        "{{ next_step['at'] | upper }}",
        "{% for x in objections %}{{ x.label ~ x.at ~ x.none }}{% endfor %}",
        "{% for flags in flags %}{{ flags | join }}{% endfor %}",
        "{{ competitors | join(summary) | trim }}",
        "{{ sentiments | join(', ', attribute='topic') }}",
        "{% if status == 'Partial' %}{{ whatever }}{% endif %}",
        "{% if average == '+9.99' %}{{ flags.at.quote | lower }}{{ 5 | upper }}{% endif %}",
        "{{ summary.upper }}",
        "{{ not flags and 5 or 'x' }}",
        " text ",
        "\n",
    ]
)


@given(st.lists(PARTS, max_size=8).map("".join), st.booleans())
def test_an_accepted_template_works_for_every_call(make: Any, template: str, rich: bool) -> None:
    if template_fault(template):
        return
    more = {"detections": (make.row("question", "r"),), **make.scores(("price", "p", 0.2))} if rich else {}
    text = note(make, make.analysis(**more), make.config("question"), notes={"template": template})
    assert text.endswith(FOOTER)


def test_a_very_long_note_is_cut_but_keeps_the_warning(make: Any) -> None:
    text = note(make, make.analysis(summary="word " * 5_000), make.config())
    assert len(text) <= NOTE_LENGTH
    assert text.endswith(f"…\n\n{FOOTER}")


def test_a_note_is_plain_text(make: Any) -> None:
    summary = "Tom & <b>Jerry</b>\x00\u2028 {{ status }} {% if %}\r\nline"
    text = note(make, make.analysis(summary=summary), make.config())
    assert text.removeprefix(NO_TOPICS).startswith(
        "Tom & <b>Jerry</b>\u2028 {{ status }} {% if %}\nline\n\nNext step: Unknown"
    )


def test_people_on_the_record_keep_their_names(make: Any) -> None:
    summary = (
        "<pii:name>Kim Otter</pii:name> met <pii:name>Bo Lark</pii:name> and <pii:name>Sue Wren</pii:name>."
    )
    call = make.call(people=(make.person("1", "Kim Otter"),), owner=make.person("2", "Bo Lark", None))
    report = distil(call, make.analysis(summary=summary), make.config(), make.mapping())
    assert report.note.removeprefix(NO_TOPICS).startswith("Kim Otter met Bo Lark and [NAME].")
    assert report.values["summary"].value == "[NAME] met [NAME] and [NAME]."


@pytest.mark.parametrize(
    ("score", "word"),
    [(-1.0, "negative"), (-0.2, "negative"), (-0.19, "neutral"), (0.19, "neutral"), (0.2, "positive")],
)
def test_a_sentiment_has_a_word(score: float, word: str) -> None:
    assert mood(score) == word


def test_roles_below_the_threshold_do_not_reach_the_note(make: Any) -> None:
    picks = (RolePick("p", make.PROSPECT_ROLE, 0.2, False), make.picks()[1])
    text = note(make, make.analysis(roles=picks, **make.scores(("price", "p", 0.2))), make.config())
    assert "Pricing" not in text
