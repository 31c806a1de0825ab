"""Why a call stands where it stands, in words: the ledger keeps codes, people read sentences."""

from __future__ import annotations

from collections.abc import Mapping

IN_WORDS: Mapping[str, str] = {
    "audio_rejected": "Velma refused the recording",
    "audio_too_large": "the recording is too large",
    "backfill_stopped": "its backfill was ended before its turn",
    "bad_link": "the recording link cannot be used",
    "before_start": "took place before this connection starts",
    "fault": "internal error in velma-sync; calls show has the trace",
    "filtered": "the CRM says it is not to be analyzed",
    "gone": "the record was deleted in the CRM",
    "host_not_allowed": "the recording is on a host that is not allowed",
    "no_deal": "no deal was updated: none is linked, or the choice was unclear",
    "no_recording": "no recording appeared",
    "not_audio": "the recording is not audio",
    "recording_unavailable": "the CRM refused the download of the recording",
    "rejected": "the CRM refused a part of what was written",
    "retry": "the CRM did not accept it yet; will be retried automatically",
    "retrying": "the last attempt failed; will be retried automatically",
    "same_audio": "waits for another call with the same audio",
    "source_unavailable": "the recording source refused the download",
    "stopped": "waits until spending, or the connection, is resumed",
    "superseded": "its deal already showed a later call",
    "too_long": "longer than max_seconds",
    "too_many_attempts": "gave up after too many attempts",
    "too_short": "shorter than min_seconds",
    "unclear": "what stands in the CRM is unclear; calls show says what to do",
    "unknown": "the CRM did not answer; read back before it is written again",
    "unknown_billing": "sent without an answer; may have been billed",
    "unsupported_audio": "the recording is of a kind that Velma does not take",
}


def in_words(code: str | None) -> str:
    """The words for a code, and the code, by which calls are retried; it alone when it is none of ours."""
    if code is None:
        return ""
    return f"{IN_WORDS[code]} ({code})" if code in IN_WORDS else code
