"""The mapping files that admins start from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from velma_connectors.model import Target
from velma_mappings.fields import wanted_fields
from velma_mappings.mapping_file import MappingFile, WhenMissing
from velma_mappings.model import Overwrite
from velma_mappings.topics import slug

ON_BOTH = {
    "status": "Velma_Status__c",
    "reason": "Velma_Reason__c",
    "analyzed_at": "Velma_Analyzed_At__c",
    "action_plan_confirmed": "Velma_Action_Plan_Confirmed__c",
    "next_step": "Velma_Next_Step__c",
    "competitors": "Velma_Competitors__c",
    "raised_by": "Velma_Raised_By__c",
    "sentiment.average": "Velma_Avg_Sentiment__c",
    "sentiment.lowest": "Velma_Min_Sentiment__c",
    "coaching_flags": "Velma_Coaching_Flags__c",
    "objection_tags": "Velma_Objection_Tags__c",
    "negative_spike": "Velma_Negative_Spike__c",
}
KEPT_WHEN_MISSING = {"status", "reason", "analyzed_at", "started_at"}


def fields_on(mapping: MappingFile, target: Target) -> dict[str, str]:
    return {rule.value: rule.field for rule in mapping.rules if rule.on is target}


def test_calls_and_deals_get_the_same_fields_and_deals_the_date(default_mapping: MappingFile) -> None:
    names = [topic.name.replace("resources", "Resources") for topic in default_mapping.topics]
    sentiments = {f"sentiment.{slug(name)}": f"Velma_Sentiment_{name.replace(' ', '_')}__c" for name in names}
    assert fields_on(default_mapping, Target.CALL) == {**ON_BOTH, **sentiments}
    assert fields_on(default_mapping, Target.DEAL) == {
        **ON_BOTH,
        **sentiments,
        "started_at": "Velma_Last_Call_At__c",
    }


def test_people_win_over_every_rule(default_mapping: MappingFile) -> None:
    assert {rule.overwrite for rule in default_mapping.rules} == {Overwrite.IF_OURS}


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_a_record_keeps_only_what_stays_true_when_a_call_leaves_it_open(
    default_mapping: MappingFile, hubspot_mapping: MappingFile, crm: str
) -> None:
    mapping = {"salesforce": default_mapping, "hubspot": hubspot_mapping}[crm]
    for rule in mapping.rules:
        stays = rule.value in KEPT_WHEN_MISSING or (rule.on is Target.DEAL and "sentiment" in rule.value)
        # A checkbox of Salesforce is never blank.
        stays = stays or (crm == "salesforce" and rule.value == "action_plan_confirmed")
        assert rule.when_missing is (WhenMissing.LEAVE if stays else WhenMissing.CLEAR), rule.value
        assert rule.transform == (
            ("known_only",) if (rule.on, rule.value) == (Target.DEAL, "next_step") else ()
        )


def test_every_topic_can_be_an_objection(default_mapping: MappingFile) -> None:
    tags = [topic.objection for topic in default_mapping.topics]
    assert None not in tags
    assert len(set(tags)) == len(tags)


def test_every_list_field_has_options_and_every_field_a_help_text(default_mapping: MappingFile) -> None:
    for spec in wanted_fields(default_mapping):
        assert spec.help
        assert spec.label.startswith("Call: ")
        if spec.kind in ("choice", "multi_choice"):
            assert spec.choices, spec.name
        assert len(spec.name) <= 43, "the longest custom field name is 40 characters and __c"


def plain(mapping: MappingFile) -> dict[str, Any]:
    return mapping.model_dump(mode="json")


def renamed(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {**rule, "field": rule["field"].lower().removesuffix("__c")}


@pytest.fixture(scope="module")
def hubspot_mapping() -> MappingFile:
    path = Path(__file__).parents[2] / "connectors/velma_connectors/hubspot/mapping.yaml"
    return MappingFile.model_validate(YAML(typ="safe").load(path.read_text(encoding="utf-8")))


def test_both_crms_share_one_vocabulary_so_that_a_recording_in_both_is_one_question(
    default_mapping: MappingFile, hubspot_mapping: MappingFile
) -> None:
    own = {"rules", "notes"}
    ours, theirs = plain(default_mapping), plain(hubspot_mapping)
    assert {key: ours[key] for key in ours if key not in own} == {
        key: theirs[key] for key in theirs if key not in own
    }


def test_both_crms_get_the_same_fields_where_they_can_hold_them(
    default_mapping: MappingFile, hubspot_mapping: MappingFile
) -> None:
    ours = [renamed(rule) for rule in plain(default_mapping)["rules"]]
    for rule in ours:
        if rule["value"] == "action_plan_confirmed":
            rule["when_missing"] = "clear"  # this CRM's checkboxes can be blank
    theirs = plain(hubspot_mapping)["rules"]
    summary = [rule for rule in theirs if rule["value"] == "summary"]
    assert [(rule["on"], rule["field"]) for rule in summary] == [("call", "velma_summary")]
    assert [rule for rule in theirs if rule not in summary] == ours


def test_a_crm_without_notes_on_calls_gets_them_on_the_records_around(hubspot_mapping: MappingFile) -> None:
    assert hubspot_mapping.notes.on == (Target.DEAL, Target.CONTACT, Target.ACCOUNT)
