"""From an analysis to a report: every value of the catalogue, known or honestly not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from velma_connectors.analysis import Analysis, AnalysisConfig
from velma_connectors.model import Call
from velma_mappings import action_plan, competitors, conversation, emotions, sentiment, signals
from velma_mappings.behaviors import Finding, Outcome, best, find
from velma_mappings.catalogue import entries
from velma_mappings.competitors import Alias, Named, aliases, look
from velma_mappings.mapping_file import MappingFile
from velma_mappings.masking import Mask, masker
from velma_mappings.model import CallReport, State, Status, Value
from velma_mappings.note import render
from velma_mappings.note_context import context, topic_lines
from velma_mappings.roles import Speakers, join
from velma_mappings.sentiment import Sentiments
from velma_mappings.signals import Signal
from velma_mappings.topics import Group, groups
from velma_mappings.unlisted import unlisted_names


@dataclass(frozen=True, slots=True)
class Heard:
    """What was understood of one analysis, before anything is put into words."""

    analysis: Analysis
    config: AnalysisConfig
    mapping: MappingFile
    speakers: Speakers
    findings: Mapping[str, Finding]
    groups: tuple[Group, ...]
    sentiments: Sentiments
    rival_finding: Finding
    spellings: tuple[Alias, ...]
    rivals: Named
    coaching: list[Signal]
    positive: list[Signal]
    objections: list[Signal]


def distil(call: Call, analysis: Analysis, config: AnalysisConfig, mapping: MappingFile) -> CallReport:
    """Read an analysis as the mapping file wants it read.

    `config` is the one the analysis was asked with: what it did not ask for is never reported as absent.
    """
    if not any(clip.text.strip() for clip in analysis.clips):
        return _silent(call, analysis, mapping)
    heard = _listen(analysis, config, mapping)
    reasons = tuple(_reasons(heard))
    status = Status.PARTIAL if reasons else Status.ANALYZED
    people = [person.name for person in (*call.people, call.owner) if person is not None]
    texts, terms = tuple(_texts(analysis)), mapping.terms()
    masked = masker(texts, mask_names=people, keep_terms=terms)
    values = {**_about(call, analysis, status, reasons), **_values(heard, masked)}
    note = ""
    if mapping.notes.enabled:
        named = masker(texts, keep_names=people, keep_terms=terms)
        note = _note(heard, {**values, **_values(heard, named)}, named)
    return CallReport(
        call=call.ref,
        status=status,
        reasons=reasons,
        values={path: values[path] for path in entries(mapping)},
        unmatched_topics=tuple((masked(topic), score) for topic, score in heard.sentiments.unmatched()),
        unlisted_names=_unlisted(heard, masked),
        note=note,
        config_hash=analysis.config_hash,
        analyzer=analysis.analyzer,
        analyzed_at=analysis.analyzed_at,
    )


def failed(
    call: Call, mapping: MappingFile, *, reason: str, analyzer: str, config_hash: str, at: datetime
) -> CallReport:
    """The report of a call that could not be analyzed. Only its status, reason and times are known."""
    about = {
        "status": Value(Status.FAILED.value, State.KNOWN),
        "reason": Value(reason or None, State.KNOWN),
        "analyzed_at": Value(at, State.KNOWN),
        "started_at": Value(call.started_at, State.KNOWN),
    }
    return CallReport(
        call=call.ref,
        status=Status.FAILED,
        reasons=(reason,) if reason else (),
        values={**_blank(mapping, "the call was not analyzed"), **about},
        unmatched_topics=(),
        unlisted_names=(),
        note="",
        config_hash=config_hash,
        analyzer=analyzer,
        analyzed_at=at,
    )


def _silent(call: Call, analysis: Analysis, mapping: MappingFile) -> CallReport:
    reasons = ("no speech was heard in the recording",)
    about = _about(call, analysis, Status.NO_SPEECH, reasons)
    step = Value(action_plan.UNKNOWN, State.KNOWN, reason=reasons[0])
    return CallReport(
        call=call.ref,
        status=Status.NO_SPEECH,
        reasons=reasons,
        values={**_blank(mapping, reasons[0]), **about, "next_step": step},
        unmatched_topics=(),
        unlisted_names=(),
        note="",
        config_hash=analysis.config_hash,
        analyzer=analysis.analyzer,
        analyzed_at=analysis.analyzed_at,
    )


def _blank(mapping: MappingFile, reason: str) -> dict[str, Value]:
    return dict.fromkeys(entries(mapping), Value(None, State.UNAVAILABLE, reason=reason))


def _about(call: Call, analysis: Analysis, status: Status, reasons: tuple[str, ...]) -> dict[str, Value]:
    return {
        "status": Value(status.value, State.KNOWN),
        "reason": Value("; ".join(reasons) or None, State.KNOWN),
        "analyzed_at": Value(analysis.analyzed_at, State.KNOWN),
        "started_at": Value(call.started_at, State.KNOWN),
        "duration_minutes": Value(round(analysis.duration_ms / 60_000, 1), State.KNOWN),
    }


def _listen(analysis: Analysis, config: AnalysisConfig, mapping: MappingFile) -> Heard:
    speakers = join(analysis, config, least_confidence=mapping.thresholds.role)
    findings = find(analysis, config, speakers, mapping.thresholds)
    topic_groups = groups(mapping.topics)
    sentiments = sentiment.weigh(analysis, speakers, topic_groups)
    behaviors = mapping.behaviors
    rival_finding = best(findings, behaviors.competitor)
    spellings = aliases(mapping)
    return Heard(
        analysis=analysis,
        config=config,
        mapping=mapping,
        speakers=speakers,
        findings=findings,
        groups=topic_groups,
        sentiments=sentiments,
        rival_finding=rival_finding,
        spellings=spellings,
        rivals=look(analysis, rival_finding, spellings),
        coaching=signals.of_behaviors(behaviors.coaching, findings),
        positive=signals.of_behaviors(behaviors.positive, findings),
        objections=[
            *signals.of_behaviors(behaviors.objections, findings),
            *signals.of_topics(sentiments, topic_groups),
        ],
    )


def _unlisted(heard: Heard, mask: Mask) -> tuple[str, ...]:
    finding = heard.rival_finding
    if finding.outcome is not Outcome.DETECTED:
        return ()
    return unlisted_names(finding.clips, heard.spellings, mask)


def _values(heard: Heard, mask: Mask) -> dict[str, Value]:
    analysis, speakers, mapping = heard.analysis, heard.speakers, heard.mapping
    told = {
        "coaching_flags": signals.value(heard.coaching, speakers, mask),
        "positive_signals": signals.value(heard.positive, speakers, mask),
        "objection_tags": signals.value(heard.objections, speakers, mask),
        **action_plan.values(heard.findings, speakers, mapping, mask),
        **competitors.values(heard.rivals, heard.rival_finding, speakers, mask),
        **sentiment.values(heard.sentiments, heard.groups, mask),
        **emotions.values(analysis, heard.config, speakers, heard.sentiments, mask),
        **conversation.values(analysis, speakers, mask),
    }
    return {**told, "summary": Value(_summary(analysis, told, mask), State.KNOWN)}


def _summary(analysis: Analysis, told: Mapping[str, Value], mask: Mask) -> str:
    """The analyzer's summary, which may be missing on a good run; then one put together from values."""
    if analysis.summary and analysis.summary.strip():
        return mask(analysis.summary).strip()
    parts = []
    if analysis.topics:
        parts.append(f"Topics: {', '.join(mask(topic) for topic in analysis.topics)}.")
    for path, title in (("coaching_flags", "Coaching"), ("positive_signals", "Went well")):
        labels = told[path].value
        if isinstance(labels, tuple) and labels:
            parts.append(f"{title}: {', '.join(labels)}.")
    parts.append(f"Next step: {told['next_step'].value}.")
    return " ".join((*parts, "(The analyzer gave no summary; this one was put together from its findings.)"))


def _note(heard: Heard, told: Mapping[str, Value], mask: Mask) -> str:
    lists = {"flags": heard.coaching, "positives": heard.positive, "objections": heard.objections}
    lines = topic_lines(heard.sentiments, heard.groups, mask)
    return render(context(told, lists, lines, heard.speakers, mask), heard.mapping.notes.template)


def _reasons(heard: Heard) -> Iterator[str]:
    """What keeps the analysis from being whole."""
    if heard.speakers.doubt:
        yield f"the speakers' roles are uncertain: {heard.speakers.doubt}"
    if not (heard.analysis.summary or "").strip():
        yield "the analyzer gave no summary"
    if not heard.sentiments.scores:
        yield "the analyzer named no topics"
    if any(row.not_evaluated is not None for row in heard.analysis.detections):
        yield "the analyzer left out some behaviors"
    clips = emotions.prospect_clips(heard.analysis, heard.speakers)
    if clips and heard.config.emotions:
        yield from filter(None, [emotions.gap(clips, heard.config, heard.speakers)])


def _texts(analysis: Analysis) -> Iterator[str]:
    """Everything the analyzer may have tagged personal data in."""
    yield from (clip.text for clip in analysis.clips)
    yield from (row.reasoning for row in analysis.detections if row.reasoning)
    yield from analysis.topics
    yield analysis.summary or ""
