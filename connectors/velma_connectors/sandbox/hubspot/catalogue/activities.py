"""Calls and notes."""

from __future__ import annotations

from velma_connectors.sandbox.hubspot.catalogue.kinds import (
    choice,
    flag,
    moment,
    number,
    owner,
    stamps,
    text,
)

_CALL, _NOTE, _ACTIVITY = "call", "note", "engagement"

OUTCOMES = {
    "9d9162e7-6cf3-4944-bf63-4dff82258764": "Busy",
    "f240bbac-87c9-4f6e-bf70-924b57d47db7": "Connected",
    "a4c4c377-d246-4b32-a13b-75a56a4cd0ff": "Left live message",
    "b2cf5968-551e-4856-9783-52b3da59a7d0": "Left voicemail",
    "73a0d17f-1163-4015-bdd5-ec830791da20": "No answer",
    "17b47fee-58de-441e-a44c-c6300d46f273": "Wrong number",
}
"""Labels by the ids that all portals share (developers.hubspot.com, calls guide)."""

_STATUSES = (
    "BUSY", "CALLING_CRM_USER", "CANCELED", "COMPLETED", "CONNECTING", "FAILED", "IN_PROGRESS", "MISSED",
    "NO_ANSWER", "QUEUED", "RINGING",
)  # fmt: skip

_SHARED = (
    *stamps(_ACTIVITY, "hs_createdate", "hs_lastmodifieddate"),
    moment("hs_timestamp", "Activity date", _ACTIVITY),
    owner(_ACTIVITY),
    text("hs_attachment_ids", "Attached file IDs", _ACTIVITY),
    text("hs_body_preview", "Body preview", _ACTIVITY, read_only=True),
    text("hs_body_preview_html", "HTML body preview", _ACTIVITY, "html", read_only=True),
)

CALL_PROPERTIES = (
    *_SHARED,
    text("hs_activity_type", "Call and meeting type", _ACTIVITY),
    text("hs_call_title", "Call title", _CALL),
    text("hs_call_body", "Call notes", _CALL, "html"),
    choice("hs_call_direction", "Call direction", _CALL, {"INBOUND": "Inbound", "OUTBOUND": "Outbound"}),
    number("hs_call_duration", "Call duration", _CALL),
    choice(
        "hs_call_status",
        "Call status",
        _CALL,
        {status: status.replace("_", " ").capitalize() for status in _STATUSES},
    ),
    choice("hs_call_disposition", "Call outcome", _CALL, OUTCOMES),
    text("hs_call_recording_url", "Recording URL", _CALL),
    text("hs_call_video_recording_url", "Video recording URL", _CALL),
    number("hs_call_recording_duration", "Recording duration", _CALL),
    choice("hs_call_source", "Call source", _CALL, {"INTEGRATIONS_PLATFORM": "Integrations platform"}),
    text("hs_call_app_id", "App ID", _CALL),
    text("hs_call_external_id", "External ID", _CALL),
    text("hs_call_external_account_id", "External account ID", _CALL),
    text("hs_call_from_number", "From number", _CALL),
    text("hs_call_to_number", "To number", _CALL),
    number("hs_call_callee_object_id", "Callee object ID", _CALL),
    text("hs_call_callee_object_type", "Callee object type", _CALL),
    flag("hs_call_has_voicemail", "Has voicemail", _CALL),
    number("hs_voicemail_count", "Voicemail count", _CALL, read_only=True),
    flag("hs_call_has_transcript", "Has transcript", _CALL, read_only=True),
    number("hs_call_transcription_id", "Transcript ID", _CALL, read_only=True),
    text("hs_call_summary", "Call summary", _CALL, "html", read_only=True),
)

NOTE_PROPERTIES = (*_SHARED, text("hs_note_body", "Note body", _NOTE, "html"))
