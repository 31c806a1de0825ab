"""The catalogue of behaviors, roles and conversation types that the service brings along.

Identifiers are the publicly known part (87 of more than 150) of the live catalogue, spelled as there,
`inapropriate` included. Names follow from the identifiers; the descriptions are the sandbox's own,
because the real texts are not public.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

_SALES = """
action_plan_created rapport_building pre_established_professional_relationship off_topic_discussion
unaddressed_question monologuing objection_timing objection_trust price_sensitivity budget_qualification
champion_identification future_planning feigned_ignorance bargaining_manipulation storytelling
encouragement customer_gratitude
"""
_SERVICE = """
complaints cancelled_order service_churn issue_resolved issue_not_resolved refund_or_credit_issued
refund_demand refund_abuse repeated_contact_frustration caller_frustration_unacknowledged
escalation_to_supervisor_request legal_threat_litigation repetition_loop sop_greeting_the_customer
unclear_speech inclusive_practices discriminatory_practices discriminatory_complaint inappropriate_speech
conflict_escalation conflict_de_escalation social_etiquette social_boundary_setting
social_connection_building social_inclusion social_proof_threat personal_vulnerability
caller_under_duress mandatory_reporting_trigger teaching_mentorship narration poetry
"""
_COMPLIANCE = """
vishing account_impersonation bank_account_holder_impersonation account_theft_attempt
credential_solicitation remote_access_request compromised_account_risk return_fraud_attempt
coercion_manipulation recording_consent_omission consent_withdrawal do_not_call_violation_risk
fdcpa_violation_risk regulation_b_fair_lending_risk inappropriate_pii_solicitation
policy_semantics_obfuscation hallucination_policy jailbreak_attempt ai_agent_manipulation
inapropriate_ai_agent_content
"""
_SAFETY = """
harassment threat_based_harassment sexual_harassment hate misogyny racism homophobia transphobia sizeism
xenophobia ableism hateful_or_violent_ideology_propagation violent_graphic_material
sexually_graphic_material material_potentially_unsuitable_for_children child_safety_violation
suicidal_and_self_injurious_ideation self_harm_and_self_injury_glorification
"""

_NAMES = {
    "pre_established_professional_relationship": "Pre-established Professional Relationship",
    "off_topic_discussion": "Off-topic Discussion",
    "refund_or_credit_issued": "Refund or Credit Issued",
    "threat_based_harassment": "Threat-based harassment",
    "legal_threat_litigation": "Legal Threat - Litigation",
    "conflict_de_escalation": "Conflict De-escalation",
}

_KNOWN_UUIDS = {
    "complaints": "aa308580-666b-5849-805e-b090d48141b1",
    "coercion_manipulation": "0f28987a-7fc9-5eca-b546-da000e91be3d",
    "issue_not_resolved": "1c3c0ab6-e544-52bb-a25b-f4de5451fd91",
    "issue_resolved": "89452a87-9d3d-58bd-812f-720f41776494",
    "refund_or_credit_issued": "3cdd67dd-4d08-5ec9-b2a7-a2db2b36eb9f",
    "inappropriate_speech": "52d249e5-8775-553a-ade9-6cd99783c7b8",
    "threat_based_harassment": "9b5fccc1-307d-5a73-bfa8-9518f916b05b",
    "return_fraud_attempt": "716b1dbc-239b-5828-a132-b624f5d115bd",
    "legal_threat_litigation": "c134bbec-f193-5b6e-8553-006f510e55e2",
}
"""Seen in captured answers. All others are version-5 UUIDs of the sandbox's own name space."""

_NAME_SPACE = uuid.UUID("6f1c3a52-9d0e-5b7f-8a41-2c7d90e4b316")


@dataclass(frozen=True, slots=True)
class Preset:
    """One behavior of the catalogue."""

    identifier: str
    name: str
    uuid: str

    def listed(self) -> dict[str, str]:
        """As list-presets shows it: without the UUID."""
        return {
            "identifier": self.identifier,
            "name": self.name,
            "short_description": f"{self.name}, as the catalogue defines it.",
            "detailed_description": f"Sandbox text: the catalogue's wording of '{self.name}' is not public.",
        }


def _preset(identifier: str) -> Preset:
    name = _NAMES.get(identifier) or identifier.replace("_", " ").title()
    return Preset(identifier, name, _KNOWN_UUIDS.get(identifier) or str(uuid.uuid5(_NAME_SPACE, identifier)))


PRESETS = {
    identifier: _preset(identifier) for identifier in (_SALES + _SERVICE + _COMPLIANCE + _SAFETY).split()
}

DEFAULT_BEHAVIORS = tuple(_SALES.split())
"""What the literal config `default` evaluates here. The real set is not public."""


def catalogue_type(number: int) -> str:
    return f"11111111-1111-4111-8111-111111111{number:03}"


def catalogue_role(number: int) -> str:
    return f"22222222-2222-4222-8222-222222222{number:03}"


CATALOGUE_TYPES = {
    catalogue_type(32): "Contract/Deal Negotiation",
    catalogue_type(33): "Outbound Sales Call",
    catalogue_type(34): "Sales Pipeline Logistics Call",
    catalogue_type(35): "Product Demo Call",
    catalogue_type(36): "Inbound Sales Call",
}
CATALOGUE_ROLES = {catalogue_role(13): "Salesperson", catalogue_role(17): "Customer"}

FALLBACK_TYPE = (catalogue_type(1), "General Conversation")
FALLBACK_ROLE = (catalogue_role(1), "Participant")
"""What the service falls back to when the config omits its defaults. Both are invented."""
