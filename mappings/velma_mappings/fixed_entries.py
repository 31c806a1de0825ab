"""Every value that all mapping files can map: its path, its type, what it means, and when it is blank."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from velma_connectors.model import FieldKind
from velma_mappings import action_plan, competitors, sentiment
from velma_mappings.entry import Entry, Need
from velma_mappings.model import Status

CANNOT_SAY = "the analysis cannot say"
NOT_ANALYZED = "not analyzed"
NO_SIDES = "who spoke for which side could not be told"
NO_TONE = "the prospect's tone could not be told"
SENTIMENT, SHARE, COUNT = (3, 2), (4, 1), (5, 0)
"""Digits in all, and behind the point."""


def _text(path: str, label: str, about: str, blank: str, *needs: Need) -> Entry:
    return Entry(path, FieldKind.TEXT, label, about, blank, frozenset(needs), max_length=255)


def _place(path: str, label: str, about: str, blank: str, *needs: Need) -> Entry:
    entry = _text(path, label, f"{about}, in minutes and seconds from its start.", blank, *needs)
    return replace(entry, max_length=10)


def _choice(path: str, label: str, about: str, blank: str, choices: Iterable[str], *needs: Need) -> Entry:
    return Entry(path, FieldKind.CHOICE, label, about, blank, frozenset(needs), choices=tuple(choices))


def _list(path: str, label: str, about: str, blank: str, *needs: Need) -> Entry:
    return Entry(path, FieldKind.MULTI_CHOICE, label, about, blank, frozenset(needs))


def _number(path: str, label: str, about: str, blank: str, digits: tuple[int, int], *needs: Need) -> Entry:
    precision, scale = digits
    return Entry(path, FieldKind.NUMBER, label, about, blank, frozenset(needs), None, precision, scale)


def sentiment_of(path: str, topic: str) -> Entry:
    about = f"How the prospect felt about {topic}, from -1 (negative) to 1 (positive)."
    blank = "it was not discussed, or the sides could not be told"
    return _number(path, f"Sentiment of {topic}", about, blank, SENTIMENT, Need.ROLES, Need.TOPICS)


def _negative_share(path: str, part: str) -> Entry:
    label = f"Negative share, {part} (%)" if part else "Negative share (%)"
    about = f"Per cent of the prospect's speech in the {part or 'call'} that sounded negative."
    return _number(path, label, about, NO_TONE, SHARE, Need.ROLES, Need.EMOTIONS)


FIXED = (
    replace(
        _choice(
            "status",
            "Analysis",
            "State of the call's analysis.",
            "not analyzed yet",
            [status.value for status in Status],
        ),
        meanings={Status.PARTIAL.value: "some values could not be told"},
    ),
    _text(
        "reason",
        "Analysis reason",
        "Why the analysis is partial, empty or failed.",
        "it is whole, or not made yet",
    ),
    Entry(
        "analyzed_at", FieldKind.DATETIME, "Analyzed at", "When the call was analyzed.", "not analyzed yet"
    ),
    Entry(
        "started_at",
        FieldKind.DATETIME,
        "Took place at",
        "When the call took place.",
        "no call was analyzed yet",
    ),
    _number(
        "duration_minutes", "Recording minutes", "Length of the recording in minutes.", NOT_ANALYZED, (5, 1)
    ),
    Entry(
        "summary",
        FieldKind.LONG_TEXT,
        "Summary",
        "Summary of the call, personal data masked. AI-generated, verify.",
        NOT_ANALYZED,
        max_length=4_000,
    ),
    Entry(
        "action_plan_confirmed",
        FieldKind.BOOLEAN,
        "Action plan confirmed",
        "The prospect agreed to a specific next step. Not checked may also mean that it is not known: "
        "see the next step.",
        needs=frozenset({Need.BEHAVIORS}),
    ),
    replace(
        _choice(
            "next_step",
            "Next step",
            "Did the prospect agree to a specific next step?",
            NOT_ANALYZED,
            action_plan.NEXT_STEPS,
        ),
        meanings={action_plan.UNKNOWN: CANNOT_SAY},
    ),
    _place(
        "next_step_at",
        "Next step at",
        "Place in the call where the next step was agreed",
        "none was agreed, or it is not known",
        Need.BEHAVIORS,
    ),
    _text(
        "next_step_quote",
        "Next step quote",
        "The words in which the next step was agreed, personal data masked.",
        "none was agreed, or it is not known",
        Need.BEHAVIORS,
    ),
    _list(
        "coaching_flags",
        "Coaching flags",
        "What the rep may want to work on.",
        "nothing was noticed, or not analyzed",
        Need.BEHAVIORS,
    ),
    _list(
        "positive_signals",
        "Positive signals",
        "What went well in the call.",
        "nothing was noticed, or not analyzed",
        Need.BEHAVIORS,
    ),
    _list(
        "objection_tags",
        "Objections",
        "Objections that were raised, and topics that the prospect was clearly unhappy with.",
        "none, or not analyzed",
    ),
    _list(
        "competitors",
        "Competitors",
        "Competitors that were named in the call, of those that the admin listed.",
        "none was named, or not analyzed",
    ),
    replace(
        _choice(
            "competitor_status",
            "Competitor status",
            "How sure it is that a competitor came up.",
            "none did, or not analyzed",
            competitors.STATUSES,
        ),
        meanings={
            competitors.CONFIRMED: "named where one was noticed",
            competitors.MENTION_ONLY: "named only",
            competitors.UNNAMED: "noticed, but none of the list named",
        },
    ),
    _place(
        "competitor_first_mention",
        "Competitor first mention",
        "Place in the call of the first mention of a competitor",
        "none was named, or not analyzed",
    ),
    _choice(
        "raised_by",
        "Competitor raised by",
        "Whose side named a competitor.",
        "nobody did, or the sides could not be told",
        competitors.RAISED_BY,
        Need.ROLES,
    ),
    replace(
        _list(
            "deal_intel",
            "Deal intelligence",
            "News about the deal: a competitor came up, and not only from our own side.",
            "none, or not analyzed",
            Need.BEHAVIORS,
        ),
        choices=(competitors.DEAL_INTEL,),
    ),
    replace(
        sentiment_of("sentiment.average", ""),
        label="Average sentiment",
        help="Mean of the prospect's sentiment over all topics, from -1 (negative) to 1 (positive). "
        "Each topic counts alike.",
        blank="no topic could be scored",
    ),
    replace(
        sentiment_of("sentiment.lowest", ""),
        label="Lowest sentiment",
        help="The prospect's sentiment on the topic they liked least, from -1 (negative) to 1 (positive).",
        blank="no topic could be scored",
    ),
    replace(
        _choice(
            "sentiment.lowest_topic",
            "Lowest sentiment topic",
            "The topic the prospect liked least.",
            "no topic could be scored",
            (),
            Need.ROLES,
            Need.TOPICS,
        ),
        meanings={sentiment.OTHER: "a topic without a field of its own"},
    ),
    _text(
        "other_topics",
        "Other topics",
        "Topics of the call without a field of their own, each with its sentiment.",
        "there were none, or not analyzed",
        Need.TOPICS,
    ),
    _text(
        "negative_spike",
        "Negative spike",
        "The longest stretch in which the prospect sounded negative, and the topic it followed.",
        "there was none, or the tone could not be told",
        Need.ROLES,
        Need.EMOTIONS,
    ),
    _place(
        "negative_spike_at",
        "Negative spike at",
        "Start of the longest negative stretch of the prospect in the call",
        "there was none, or the tone could not be told",
        Need.ROLES,
        Need.EMOTIONS,
    ),
    _number(
        "negative_spike_seconds",
        "Negative spike seconds",
        "Seconds that the prospect spoke in their longest negative stretch. 0: there was none.",
        NO_TONE,
        COUNT,
        Need.ROLES,
        Need.EMOTIONS,
    ),
    _negative_share("negative_share", ""),
    _negative_share("negative_share.first_third", "first third"),
    _negative_share("negative_share.middle_third", "middle third"),
    _negative_share("negative_share.last_third", "last third"),
    _text(
        "prospect_emotions",
        "Prospect's tone",
        "Tones of the prospect's voice by share of their speech.",
        NO_TONE,
        Need.ROLES,
        Need.EMOTIONS,
    ),
    _number(
        "talk_ratio_rep",
        "Rep's talk share (%)",
        "Per cent of the two sides' speech that is the rep's. Speakers of unknown side are left out.",
        NO_SIDES,
        SHARE,
        Need.ROLES,
    ),
    _number(
        "longest_monologue_seconds",
        "Rep's longest monologue (s)",
        "Seconds of the rep's longest stretch of speech without a word from anybody else.",
        NO_SIDES,
        COUNT,
        Need.ROLES,
    ),
    _number(
        "longest_monologue_prospect_seconds",
        "Prospect's longest monologue (s)",
        "Seconds of the prospect's longest stretch of speech without a word from anybody else.",
        NO_SIDES,
        COUNT,
        Need.ROLES,
    ),
    _number(
        "speaker_switches",
        "Speaker switches",
        "How often the word passed from one speaker to another.",
        NOT_ANALYZED,
        COUNT,
    ),
    _number(
        "rep_questions", "Rep's questions", "Question marks in the rep's words.", NO_SIDES, COUNT, Need.ROLES
    ),
)
