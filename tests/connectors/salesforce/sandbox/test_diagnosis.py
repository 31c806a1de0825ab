"""What an org is found to allow, against an emulated one that its admin changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import pytest

from velma_connectors import judgements
from velma_connectors.administration import Diagnosis, Mark
from velma_connectors.model import FieldSpec
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.diagnosis import diagnose
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.salesforce.versions import ENDS

TODAY = date(2026, 6, 1)
Ask = Callable[..., list[Diagnosis]]


@pytest.fixture
def ask(rig: Any) -> Iterator[Ask]:
    """Diagnoses the org of the rig, with more options, on another day or with another clock."""
    opened: list[SalesforceClient] = []

    def diagnosed(
        specs: Sequence[FieldSpec] = (),
        *,
        today: date = TODAY,
        clock_off: float = 0.0,
        **more: Any,
    ) -> list[Diagnosis]:
        options = SalesforceOptions.model_validate(
            {"login_url": rig.url, "consumer_key": "key", "consumer_secret": "secret", **more}
        )
        client = SalesforceClient(
            options, wait=lambda _seconds: None, clock=lambda: rig.now.timestamp() + clock_off
        )
        opened.append(client)
        return diagnose(client, options, specs, today)

    yield diagnosed
    for client in opened:
        client.close()


def told(found: Sequence[Diagnosis], mark: Mark) -> list[str]:
    return [f"{each.sentence} {each.remedy}".strip() for each in found if each.mark is mark]


def test_an_org_in_order_has_nothing_but_good_facts(rig: Any, ask: Ask) -> None:
    rig.provision()
    found = ask(rig.specs, recording_fields=[rig.link])
    assert {each.mark for each in found} == {Mark.OK}
    assert [each.topic for each in found] == [
        *("rights", "rights", "limits", "limits", "version", "requests", "clock")
    ]
    assert told(found, Mark.OK)[:4] == [
        "The user sees all calls and deals (View All Data).",
        "The user may read and edit Task, Opportunity.",
        "Activity has 7 of at most 100 custom fields.",
        "Opportunity has 2 custom fields.",
    ]


def test_nothing_is_changed_by_looking(rig: Any, ask: Ask) -> None:
    before = rig.org.usage.snapshot()["rows_written"]
    ask(rig.specs)
    assert rig.org.usage.snapshot()["rows_written"] == before


def test_a_user_without_view_all_data_sees_what_is_shared(rig: Any, ask: Ask) -> None:
    rig.org.set_permission(rig.user_id, "ViewAllData", False)
    (advice,) = told(ask(), Mark.ADVICE)
    assert advice == (
        "The user sees only calls and deals that are shared with it: it lacks View All Data. Setup > "
        "Permission Sets > Velma Sync > System Permissions > View All Data, or share the records with the "
        "user."
    )


@pytest.mark.parametrize(("level", "lacking"), [("read", "Edit access"), ("hidden", "Read and Edit access")])
def test_an_object_that_is_closed_is_told_with_its_place(
    rig: Any, ask: Ask, level: Any, lacking: str
) -> None:
    rig.org.set_object_access("Opportunity", level, rig.user_id)
    (problem,) = told(ask(rig.specs), Mark.PROBLEM)
    assert problem.startswith(f"Opportunity: the user lacks {lacking} to the object. Setup > Permission Sets")
    assert "Object Settings > Opportunity >" in problem


@pytest.mark.parametrize(
    ("level", "words"), [("hidden", "exist but are hidden from"), ("read", "may not be edited by")]
)
def test_fields_closed_by_field_level_security_are_told_together(
    rig: Any, ask: Ask, level: Any, words: str
) -> None:
    for spec in rig.call_specs:
        rig.org.add_custom_field("Activity", spec.name, {"type": "Date", "label": "x"}, level=level)
    found = ask(rig.specs)
    (problem,) = [each for each in found if each.mark is Mark.PROBLEM]
    assert problem.sentence == (
        f"Task: Velma_Status__c, Velma_Flag__c, Velma_Score__c and 3 more {words} the user "
        "(field-level security)."
    )
    assert "Object Settings > Task > Field Permissions > Edit Access" in problem.remedy
    assert set(problem.fields) == {f"Task.{spec.name}" for spec in rig.call_specs}


def test_a_field_of_the_options_that_cannot_be_seen_is_told(rig: Any, ask: Ask) -> None:
    (problem,) = told(ask(recording_fields=["Nowhere__c"]), Mark.PROBLEM)
    assert problem.startswith("Task.Nowhere__c: no such field, or hidden from the user. Setup > Object")
    assert "Activity > Fields & Relationships > Nowhere__c > Set Field-Level Security" in problem
    assert "'recording_fields'" in problem


def test_a_start_field_of_another_kind_is_told(rig: Any, ask: Ask) -> None:
    rig.org.add_custom_field("Activity", "Called__c", {"type": "Date", "label": "Called"})
    (problem,) = told(ask(start_field="Called__c"), Mark.PROBLEM)
    assert problem == (
        "Task.Called__c is no Date/Time field, so the start of a call is derived from when it was saved. "
        "Have 'start_field' name a Date/Time field of Setup > Object Manager > Activity > Fields & "
        "Relationships, or leave it out."
    )
    rig.org.add_custom_field("Activity", "Called_At__c", {"type": "DateTime", "label": "Called at"})
    assert told(ask(start_field="Called_At__c"), Mark.PROBLEM) == []


def test_contact_roles_that_cannot_be_read_are_told_where_they_are_wanted(rig: Any, ask: Ask) -> None:
    rig.org.set_object_access("OpportunityContactRole", "hidden")
    (problem,) = told(ask(), Mark.PROBLEM)
    assert problem.startswith(
        "OpportunityContactRole: the user lacks Read access, so calls are found without"
    )
    assert "turn 'deal_candidates' off" in problem
    assert told(ask(deal_candidates=False), Mark.PROBLEM) == []


def test_rights_to_create_fields_matter_only_while_some_are_missing(rig: Any, ask: Ask) -> None:
    rig.org.set_permission(rig.user_id, "CustomizeApplication", False)
    (problem,) = told(ask(rig.specs), Mark.PROBLEM)
    assert "it lacks Customize Application. Setup > Permission Sets" in problem
    assert "velma-sync provision --export" in problem
    rig.org.set_permission(rig.user_id, "CustomizeApplication", True)
    rig.provision()
    rig.org.set_permission(rig.user_id, "CustomizeApplication", False)
    assert told(ask(rig.specs), Mark.PROBLEM) == []


@pytest.mark.parametrize(
    ("there", "mark"), [(88, Mark.OK), (90, Mark.ADVICE), (93, Mark.ADVICE), (94, Mark.PROBLEM)]
)
def test_the_fields_of_activity_are_counted_with_those_to_be_made(
    rig: Any, ask: Ask, there: int, mark: Mark
) -> None:
    for number in range(there):
        rig.org.add_custom_field("Activity", f"Other_{number}__c", {"type": "Date", "label": "Other"})
    (limit,) = [each for each in ask(rig.specs) if each.sentence.startswith("Activity has")]
    assert limit.mark is mark
    assert limit.sentence == (
        f"Activity has {there + 1} of at most 100 custom fields, and 6 more to be made."
    )


def test_an_integration_user_needs_its_permission_set_license(rig: Any, ask: Ask) -> None:
    license = rig.org.insert("UserLicense", {"Name": "Salesforce Integration"})
    rig.org.update(rig.org.profile_id, {"UserLicenseId": license})
    (problem,) = told(ask(), Mark.PROBLEM)
    assert problem.endswith("Edit Assignments > Salesforce API Integration.")
    held = rig.org.insert("PermissionSetLicense", {"DeveloperName": "SalesforceAPIIntegrationPsl"})
    rig.org.insert("PermissionSetLicenseAssign", {"AssigneeId": rig.user_id, "PermissionSetLicenseId": held})
    found = ask()
    assert told(found, Mark.PROBLEM) == []
    assert "The user's license is Salesforce Integration." in told(found, Mark.OK)


def test_a_question_that_is_refused_does_not_hide_the_others(rig: Any, ask: Ask) -> None:
    rig.org.set_object_access("Organization", "hidden", rig.user_id)
    found = ask(rig.specs)
    (advice,) = told(found, Mark.ADVICE)
    assert advice.startswith("Could not be looked at. Salesforce refused GET query")
    assert [each.topic for each in found[-3:]] == ["version", "requests", "clock"]


def test_a_user_without_the_api_is_refused_with_the_place(rig: Any, ask: Ask) -> None:
    rig.org.set_permission(rig.user_id, "ApiEnabled", False)
    (only,) = ask(rig.specs)
    assert only.mark is Mark.REFUSED
    assert only.remedy == "Setup > Permission Sets > a set of the user > System Permissions > API Enabled."


def test_a_refused_login_names_its_place(ask: Ask) -> None:
    (only,) = ask(consumer_secret="wrong")
    assert only.mark is Mark.REFUSED
    assert "your app > Settings > OAuth Settings > Consumer Key and Secret" in only.remedy


@pytest.mark.parametrize(
    ("version", "today", "mark"),
    [
        ("40.0", date(2026, 11, 1), Mark.OK),
        ("40.0", date(2026, 12, 1), Mark.ADVICE),
        ("40.0", date(2027, 6, 1), Mark.PROBLEM),
        ("66.0", date(2026, 12, 1), Mark.OK),
    ],
)
def test_the_api_version_in_use_is_judged_by_salesforces_policy(
    version: str, today: date, mark: Mark
) -> None:
    assert judgements.end_of_life(version, ENDS, today, "").mark is mark


def test_requests_and_clock_are_those_of_the_org(rig: Any, ask: Ask) -> None:
    rig.org.usage.used_by_others = int(rig.org.usage.allowed * 0.96)
    found = ask(clock_off=-1000.0)
    told_of = {each.topic: each for each in found}
    assert told_of["requests"].mark is Mark.PROBLEM
    assert "of its 15,000 API requests of the last 24 hours" in told_of["requests"].sentence
    assert told_of["clock"].mark is Mark.PROBLEM
    assert "17 minutes behind that of Salesforce" in told_of["clock"].sentence
