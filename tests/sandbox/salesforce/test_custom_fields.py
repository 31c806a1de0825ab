"""Custom fields through the Tooling API, and the field-level security that hides them at first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from velma_connectors.sandbox.salesforce import SalesforceOrg

from .conftest import Clock, Door

PATH = "/tooling/sobjects/CustomField"
CHOICES = [
    {"fullName": "a", "label": "A", "default": False},
    {"fullName": "b", "label": "B", "default": False},
]
VALUE_SET = {"restricted": True, "valueSetDefinition": {"sorted": False, "value": CHOICES}}
SCORE = {"label": "Score", "type": "Number", "precision": 3, "scale": 2}


def create(door: Door, full_name: str, metadata: dict[str, Any]) -> str:
    answer = door.call("POST", f"{PATH}/", json={"FullName": full_name, "Metadata": metadata})
    assert answer.status_code == 201, answer.text
    assert answer.json()["success"] is True
    return str(answer.json()["id"])


def refusal(door: Door, full_name: str, metadata: dict[str, Any]) -> tuple[int, str, str]:
    return door.refusal("POST", PATH, json={"FullName": full_name, "Metadata": metadata})


def described(door: Door, object_name: str, field: str) -> dict[str, Any] | None:
    fields = door.call("GET", f"/sobjects/{object_name}/describe").json()["fields"]
    return next((each for each in fields if each["name"] == field), None)


def grant(door: Door, *fields: str, edit: bool = True) -> str:
    """Open fields such as `Task.Score__c` to the integration user; the id of the permission set."""
    salesforce = door.library()
    permission_set = str(salesforce.PermissionSet.create({"Name": "Velma", "Label": "Velma"})["id"])
    for field in fields:
        salesforce.FieldPermissions.create(
            {
                "ParentId": permission_set,
                "SobjectType": field.partition(".")[0],
                "Field": field,
                "PermissionsRead": True,
                "PermissionsEdit": edit,
            }
        )
    salesforce.PermissionSetAssignment.create({"AssigneeId": door.user_id, "PermissionSetId": permission_set})
    return permission_set


@pytest.mark.parametrize(
    ("metadata", "facts"),
    [
        ({"type": "Checkbox", "defaultValue": False}, {"type": "boolean", "nillable": False}),
        (SCORE, {"type": "double", "precision": 3, "scale": 2, "length": 0}),
        ({"type": "Percent", "precision": 3, "scale": 0}, {"type": "percent", "precision": 3}),
        ({"type": "Text", "length": 80}, {"type": "string", "length": 80, "filterable": True}),
        ({"type": "TextArea"}, {"type": "textarea", "length": 255, "extraTypeInfo": "plaintextarea"}),
        ({"type": "Url"}, {"type": "url", "length": 255}),
        ({"type": "Date"}, {"type": "date"}),
        ({"type": "DateTime"}, {"type": "datetime", "soapType": "xsd:dateTime"}),
        ({"type": "Picklist", "valueSet": VALUE_SET}, {"type": "picklist", "restrictedPicklist": True}),
        (
            {"type": "MultiselectPicklist", "visibleLines": 4, "valueSet": VALUE_SET},
            {"type": "multipicklist", "sortable": False, "filterable": True},
        ),
    ],
)
def test_a_field_made_by_api_is_described_by_its_metadata(
    door: Door, metadata: dict[str, Any], facts: dict[str, Any]
) -> None:
    create(door, "Activity.New__c", {"label": "New", "inlineHelpText": "Why", **metadata})
    grant(door, "Task.New__c", "Event.New__c")
    for object_name in ("Task", "Event"):
        field = described(door, object_name, "New__c")
        assert field is not None, f"not on {object_name}"
        assert field.items() >= {"custom": True, "updateable": True, "inlineHelpText": "Why", **facts}.items()
    if "valueSet" in metadata:
        assert field is not None
        assert [(value["value"], value["label"]) for value in field["picklistValues"]] == [
            ("a", "A"),
            ("b", "B"),
        ]


def test_long_text_fits_a_deal_but_no_activity(door: Door) -> None:
    metadata = {"label": "Summary", "type": "LongTextArea", "length": 32_768, "visibleLines": 5}
    assert refusal(door, "Activity.Summary__c", metadata)[:2] == (400, "FIELD_INTEGRITY_EXCEPTION")
    create(door, "Opportunity.Summary__c", metadata)
    grant(door, "Opportunity.Summary__c")
    field = described(door, "Opportunity", "Summary__c")
    assert field is not None
    assert (field["type"], field["length"], field["filterable"]) == ("textarea", 32_768, False)


@pytest.mark.parametrize(
    ("full_name", "metadata", "code"),
    [
        ("Task.New__c", SCORE, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Nope.New__c", SCORE, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("User__c", SCORE, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Activity.New", SCORE, "FIELD_INTEGRITY_EXCEPTION"),
        ("Activity.1New__c", SCORE, "FIELD_INTEGRITY_EXCEPTION"),
        ("Activity.Ne-w__c", SCORE, "FIELD_INTEGRITY_EXCEPTION"),
        ("Activity.New___c", SCORE, "FIELD_INTEGRITY_EXCEPTION"),
        ("Activity.velma__New__c", SCORE, "FIELD_INTEGRITY_EXCEPTION"),
        (f"Activity.{'N' * 41}__c", SCORE, "STRING_TOO_LONG"),
        ("Activity.New__c", {**SCORE, "label": "x" * 41}, "STRING_TOO_LONG"),
        ("Activity.New__c", {**SCORE, "label": 5}, "JSON_PARSER_ERROR"),
        (
            "Activity.New__c",
            {"label": "A", "type": "Checkbox", "defaultValue": "no"},
            "FIELD_INTEGRITY_EXCEPTION",
        ),
        ("Activity.New__c", {**SCORE, "label": " "}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Activity.New__c", {**SCORE, "inlineHelpText": "x" * 511}, "STRING_TOO_LONG"),
        ("Activity.New__c", {**SCORE, "description": "x" * 1_001}, "STRING_TOO_LONG"),
        ("Activity.New__c", {**SCORE, "type": "Nope"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Activity.New__c", {**SCORE, "type": None}, "JSON_PARSER_ERROR"),
        ("Activity.New__c", {**SCORE, "length": 5}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Activity.New__c", {**SCORE, "nope": 1}, "JSON_PARSER_ERROR"),
        ("Activity.New__c", {**SCORE, "precision": 19}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Activity.New__c", {**SCORE, "scale": 4}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Activity.New__c", {**SCORE, "scale": "2"}, "JSON_PARSER_ERROR"),
        ("Activity.New__c", {"label": "A", "type": "Number", "scale": 2}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Activity.New__c", {"label": "A", "type": "Checkbox"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Activity.New__c", {"label": "A", "type": "Text"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Activity.New__c", {"label": "A", "type": "Text", "length": 256}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Activity.New__c", {"type": "Text", "length": 5}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Activity.New__c", {"label": "A", "type": "Url", "externalId": True}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Activity.New__c", {"label": "A", "type": "Picklist"}, "FIELD_INTEGRITY_EXCEPTION"),
        (
            "Activity.New__c",
            {
                "label": "A",
                "type": "Picklist",
                "valueSet": {"valueSetDefinition": {"sorted": False, "value": []}},
            },
            "FIELD_INTEGRITY_EXCEPTION",
        ),
        (
            "Activity.New__c",
            {
                "label": "A",
                "type": "Picklist",
                "valueSet": {"valueSetDefinition": {"sorted": False, "value": CHOICES * 2}},
            },
            "DUPLICATE_VALUE",
        ),
        *(
            (
                "Activity.New__c",
                {"label": "A", "type": "Picklist", "valueSet": {"valueSetDefinition": value_set}},
                "REQUIRED_FIELD_MISSING",
            )
            for value_set in (
                {"value": CHOICES},
                {"sorted": False, "value": [{"fullName": "a", "label": "A"}]},
            )
        ),
        *(
            (
                "Activity.New__c",
                {
                    "label": "A",
                    "type": "Picklist",
                    "valueSet": {
                        "valueSetDefinition": {"sorted": False, "value": [{"default": False, **value}]}
                    },
                },
                "FIELD_INTEGRITY_EXCEPTION",
            )
            for value in ({"fullName": "a", "label": " "}, {"fullName": "a;b", "label": "A"})
        ),
        (
            "Activity.New__c",
            {"label": "A", "type": "MultiselectPicklist", "valueSet": VALUE_SET},
            "FIELD_INTEGRITY_EXCEPTION",
        ),
    ],
)
def test_metadata_that_setup_would_not_take_is_refused(
    org: SalesforceOrg, door: Door, full_name: str, metadata: dict[str, Any], code: str
) -> None:
    assert refusal(door, full_name, metadata)[:2] == (400, code)
    assert org.rows("CustomField") == []


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "", {"FullName": "Activity.New__c"}, (400, "JSON_PARSER_ERROR")),
        (
            "POST",
            "",
            {"FullName": "Activity.New__c", "Metadata": SCORE, "More": 1},
            (400, "JSON_PARSER_ERROR"),
        ),
        (
            "PATCH",
            "/{id}",
            {"FullName": "Activity.Old__c", "Metadata": SCORE},
            (400, "FIELD_INTEGRITY_EXCEPTION"),
        ),
        ("PATCH", "/{id}", {}, (400, "JSON_PARSER_ERROR")),
        ("PATCH", "/00N000000000001", {"Metadata": SCORE}, (404, "NOT_FOUND")),
        ("GET", "/00N000000000001", None, (404, "NOT_FOUND")),
    ],
)
def test_a_request_of_another_shape_is_refused(
    door: Door, method: str, path: str, body: dict[str, Any] | None, expected: tuple[int, str]
) -> None:
    field_id = create(door, "Activity.Score__c", SCORE)
    assert door.refusal(method, PATH + path.format(id=field_id), json=body)[:2] == expected


def test_the_tooling_api_holds_custom_fields_alone(door: Door) -> None:
    assert door.refusal("GET", "/tooling/sobjects/Task/00T000000000001")[:2] == (404, "NOT_FOUND")
    assert door.refusal("GET", "/sobjects/CustomField/00N000000000001")[:2] == (404, "NOT_FOUND")


def test_tooling_results_have_pages_too(org: SalesforceOrg, door: Door) -> None:
    org.cursors.page_sizes = (1,)
    for name in ("One__c", "Two__c"):
        create(door, f"Activity.{name}", SCORE)
    params = {"q": "SELECT DeveloperName FROM CustomField ORDER BY DeveloperName"}
    first = door.call("GET", "/tooling/query", params=params).json()
    path = first["nextRecordsUrl"].removeprefix("/services/data/v66.0")
    assert path.startswith("/tooling/query/")
    second = door.call("GET", path).json()
    names = [page["records"][0]["DeveloperName"] for page in (first, second)]
    assert (names, second["done"]) == (["One", "Two"], True)


def test_a_name_is_taken_once_whatever_its_case(door: Door) -> None:
    create(door, "Activity.New__c", SCORE)
    status, code, message = refusal(door, "Activity.NEW__c", SCORE)
    assert (status, code) == (400, "DUPLICATE_DEVELOPER_NAME")
    assert message == "There is already a field named NEW__c on Activity."


def test_an_activity_has_room_for_100_custom_fields(org: SalesforceOrg, door: Door) -> None:
    for number in range(99):
        org.add_custom_field("Activity", f"Dialer_{number}__c", SCORE)
    create(door, "Activity.Last__c", SCORE)
    assert refusal(door, "Activity.Beyond__c", SCORE)[:2] == (400, "LIMIT_EXCEEDED")
    create(door, "Opportunity.Beyond__c", SCORE)


def test_a_user_without_customize_application_makes_no_fields(org: SalesforceOrg, door: Door) -> None:
    org.set_permission(door.user_id, "CustomizeApplication", False)
    assert refusal(door, "Activity.New__c", SCORE)[:2] == (403, "INSUFFICIENT_ACCESS")
    org.set_permission(door.user_id, "ViewSetup", False)
    assert refusal(door, "Activity.New__c", SCORE)[:2] == (404, "NOT_FOUND")


def test_a_new_field_is_invisible_and_unwritable_even_to_its_maker(
    org: SalesforceOrg, door: Door, task: str
) -> None:
    create(door, "Activity.Score__c", SCORE)
    assert described(door, "Task", "Score__c") is None
    assert door.query_refusal("SELECT Score__c FROM Task")[1] == "INVALID_FIELD"
    assert door.refusal("PATCH", f"/sobjects/Task/{task}", json={"Score__c": 1})[1] == "INVALID_FIELD"
    grant(door, "Task.Score__c")
    assert described(door, "Task", "Score__c") is not None
    assert door.query("SELECT Score__c FROM Task") == [{"Score__c": None}]
    assert door.call("PATCH", f"/sobjects/Task/{task}", json={"Score__c": 1}).status_code == 204
    assert org.read(task)["Score__c"] == 1.0


def test_a_grant_counts_only_for_users_it_is_assigned_to(org: SalesforceOrg, door: Door) -> None:
    create(door, "Activity.Score__c", SCORE)
    permission_set = grant(door, "Task.Score__c")
    assignment = org.rows("PermissionSetAssignment")[0]["Id"]
    door.call("DELETE", f"/sobjects/PermissionSetAssignment/{assignment}")
    assert described(door, "Task", "Score__c") is None
    body = {"AssigneeId": door.user_id, "PermissionSetId": permission_set}
    door.call("POST", "/sobjects/PermissionSetAssignment", json=body)
    assert described(door, "Task", "Score__c") is not None
    assert door.refusal("POST", "/sobjects/PermissionSetAssignment", json=body)[1] == "DUPLICATE_VALUE"


def test_read_permission_alone_shows_a_field_and_refuses_writes(door: Door, task: str) -> None:
    create(door, "Activity.Score__c", SCORE)
    grant(door, "Task.Score__c", edit=False)
    field = described(door, "Task", "Score__c")
    assert field is not None
    assert (field["updateable"], field["createable"]) == (False, False)
    answer = door.call("PATCH", f"/sobjects/Task/{task}", json={"Score__c": 1}).json()
    assert answer[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert answer[0]["fields"] == ["Score__c"]
    assert "check the security settings of this field" in answer[0]["message"]


def test_task_and_event_are_opened_one_by_one_or_together(org: SalesforceOrg, door: Door) -> None:
    create(door, "Activity.Score__c", SCORE)
    permission_set = grant(door, "Task.Score__c")
    assert described(door, "Event", "Score__c") is None
    org.switches = replace(org.switches, activity_access="shared")
    assert described(door, "Event", "Score__c") is not None
    second = {
        "ParentId": permission_set,
        "SobjectType": "Event",
        "Field": "Event.Score__c",
        "PermissionsRead": True,
        "PermissionsEdit": True,
    }
    assert door.refusal("POST", "/sobjects/FieldPermissions", json=second)[1] == "DUPLICATE_VALUE"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Field": "Task.Nope__c"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Field": "Score__c"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Field": "Activity.Score__c"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"SobjectType": "Activity"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Field": "Task.Status"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"PermissionsRead": False}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"ParentId": "0PS000000000001"}, "INVALID_CROSS_REFERENCE_KEY"),
        ({"ParentId": None}, "REQUIRED_FIELD_MISSING"),
    ],
)
def test_a_wrong_field_permission_is_refused(
    org: SalesforceOrg, door: Door, changes: dict[str, Any], code: str
) -> None:
    create(door, "Activity.Score__c", SCORE)
    body = {
        "ParentId": grant(door),
        "SobjectType": "Task",
        "Field": "Task.Score__c",
        "PermissionsRead": True,
        "PermissionsEdit": True,
    }
    assert door.refusal("POST", "/sobjects/FieldPermissions", json={**body, **changes})[:2] == (400, code)
    assert org.rows("FieldPermissions") == []


def test_permissions_of_required_fields_may_be_taken_without_effect(org: SalesforceOrg, door: Door) -> None:
    org.switches = replace(org.switches, required_field_permissions="ignored")
    grant(door, "Task.Status")
    assert len(org.rows("FieldPermissions")) == 1


def test_a_permission_without_read_is_deleted(org: SalesforceOrg, door: Door) -> None:
    create(door, "Activity.Score__c", SCORE)
    grant(door, "Task.Score__c")
    row = org.rows("FieldPermissions")[0]["Id"]
    off = {"PermissionsRead": False, "PermissionsEdit": False}
    assert door.call("PATCH", f"/sobjects/FieldPermissions/{row}", json=off).status_code == 204
    assert org.rows("FieldPermissions") == []


@pytest.mark.parametrize(
    ("permission", "object_name", "body"),
    [
        ("ManageProfilesPermissionsets", "PermissionSet", {"Name": "Other", "Label": "Other"}),
        ("AssignPermissionSets", "PermissionSetAssignment", {}),
    ],
)
def test_granting_needs_permissions_of_its_own(
    org: SalesforceOrg, door: Door, permission: str, object_name: str, body: dict[str, str]
) -> None:
    org.set_permission(door.user_id, permission, False)
    refused = door.refusal("POST", f"/sobjects/{object_name}", json=body)
    assert refused[:2] == (403, "INSUFFICIENT_ACCESS_OR_READONLY")


def test_permission_set_names_are_unique_developer_names(door: Door) -> None:
    grant(door)
    for name, code in (("velma", "DUPLICATE_DEVELOPER_NAME"), ("Velma sync", "INVALID_FIELD")):
        body = {"Name": name, "Label": "Again"}
        assert door.refusal("POST", "/sobjects/PermissionSet", json=body)[1] == code


def test_a_permission_set_gives_user_permissions_too(org: SalesforceOrg, door: Door) -> None:
    org.set_permission(door.user_id, "ViewSetup", False)
    assert door.refusal("GET", "/limits")[0] == 403
    permission_set = org.insert("PermissionSet", {"Name": "A", "Label": "A", "PermissionsViewSetup": True})
    org.insert("PermissionSetAssignment", {"AssigneeId": door.user_id, "PermissionSetId": permission_set})
    assert door.call("GET", "/limits").status_code == 200


def test_standard_fields_can_be_hidden_or_closed(org: SalesforceOrg, door: Door, task: str) -> None:
    org.set_field_access("Task", "Description", "hidden")
    assert described(door, "Task", "Description") is None
    org.set_field_access("Task", "Description", "read", door.user_id)
    refused = door.refusal("PATCH", f"/sobjects/Task/{task}", json={"Description": "A"})
    assert refused[1] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_custom_fields_are_found_by_tooling_queries(door: Door) -> None:
    field_id = create(door, "Activity.Score__c", SCORE)
    create(door, "Activity.Other__c", {"label": "Other", "type": "Text", "length": 20})
    soql = "SELECT Id, DeveloperName, TableEnumOrId, Length, Precision, Scale FROM CustomField"
    where = " WHERE TableEnumOrId = 'Activity' AND DeveloperName IN ('Score')"
    assert door.query(soql + where, "/tooling/query") == [
        {
            "Id": field_id,
            "DeveloperName": "Score",
            "TableEnumOrId": "Activity",
            "Length": None,
            "Precision": 3,
            "Scale": 2,
        }
    ]
    one = door.query(f"SELECT FullName, Metadata FROM CustomField WHERE Id = '{field_id}'", "/tooling/query")
    assert one == [{"FullName": "Activity.Score__c", "Metadata": SCORE}]
    params = {"q": "SELECT Metadata FROM CustomField"}
    status, code, message = door.refusal("GET", "/tooling/query", params=params)
    assert (status, code) == (400, "MALFORMED_QUERY")
    assert message.endswith("no more than one row for retrieval. Result size: 2")
    assert door.refusal("GET", "/tooling/query?q=SELECT Id FROM Task")[1] == "INVALID_TYPE"


def test_changed_metadata_adds_values_and_keeps_the_old_ones_inactive(
    org: SalesforceOrg, door: Door, task: str, clock: Clock
) -> None:
    metadata = {"label": "Step", "type": "Picklist", "valueSet": VALUE_SET}
    field_id = create(door, "Activity.Step__c", metadata)
    grant(door, "Task.Step__c")
    org.update(task, {"Step__c": "a"})
    before = org.read(task)["SystemModstamp"]
    clock.advance(minutes=1)
    values = [CHOICES[1], {"fullName": "c", "label": "C", "default": False}]
    value_set = {"restricted": True, "valueSetDefinition": {"sorted": False, "value": values}}
    body = {"FullName": "Activity.Step__c", "Metadata": {**metadata, "valueSet": value_set}}
    assert door.call("PATCH", f"{PATH}/{field_id}", json=body).status_code == 204
    field = described(door, "Task", "Step__c")
    assert field is not None
    assert [value["value"] for value in field["picklistValues"]] == ["b", "c"]
    assert org.read(task)["Step__c"] == "a", "records keep what they hold"
    refused = door.refusal("PATCH", f"/sobjects/Task/{task}", json={"Step__c": "a"})
    assert refused[1] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert org.read(task)["SystemModstamp"] == before
    stored = door.call("GET", f"{PATH}/{field_id}").json()["Metadata"]["valueSet"]["valueSetDefinition"]
    assert [(value["fullName"], value["isActive"]) for value in stored["value"]] == [
        ("b", True),
        ("c", True),
        ("a", False),
    ]


def test_a_renamed_picklist_value_makes_every_row_look_changed(
    org: SalesforceOrg, door: Door, task: str, clock: Clock
) -> None:
    metadata = {"label": "Step", "type": "Picklist", "valueSet": VALUE_SET}
    field_id = create(door, "Activity.Step__c", metadata)
    before = org.read(task)
    clock.advance(minutes=1)
    values = [CHOICES[0], {**CHOICES[1], "label": "Bee"}]
    body = {"Metadata": {**metadata, "valueSet": {"valueSetDefinition": {"sorted": False, "value": values}}}}
    door.call("PATCH", f"{PATH}/{field_id}", json=body)
    after = org.read(task)
    assert after["SystemModstamp"] > before["SystemModstamp"]
    assert after["LastModifiedDate"] == before["LastModifiedDate"]


def test_the_type_of_a_field_stays(door: Door) -> None:
    field_id = create(door, "Activity.Score__c", SCORE)
    body = {"Metadata": {"label": "Score", "type": "Text", "length": 20}}
    assert door.refusal("PATCH", f"{PATH}/{field_id}", json=body)[:2] == (400, "FIELD_INTEGRITY_EXCEPTION")


def test_a_new_checkbox_is_false_on_rows_that_were_there_before(
    org: SalesforceOrg, door: Door, task: str
) -> None:
    create(door, "Activity.Done__c", {"label": "Done", "type": "Checkbox", "defaultValue": False})
    grant(door, "Task.Done__c")
    assert door.query("SELECT Done__c FROM Task WHERE Done__c = FALSE") == [{"Done__c": False}]


def test_packaged_and_formula_fields_can_be_seeded(org: SalesforceOrg, door: Door, task: str) -> None:
    formula = {"label": "Link", "type": "Text", "length": 255, "formula": 'HYPERLINK("https://a.example")'}
    org.add_custom_field("Activity", "dialer__Recording__c", formula)
    anchor = '<a href="https://a.example">Listen</a>'
    org.update(task, {"dialer__Recording__c": anchor})
    field = described(door, "Task", "dialer__Recording__c")
    assert field is not None
    assert (field["calculated"], field["htmlFormatted"], field["updateable"]) == (True, True, False)
    assert door.query("SELECT dialer__Recording__c FROM Task") == [{"dialer__Recording__c": anchor}]
    refused = door.refusal("PATCH", f"/sobjects/Task/{task}", json={"dialer__Recording__c": "A"})
    assert refused[1] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    body = {"SobjectType": "Task", "Field": "Task.dialer__Recording__c", "PermissionsRead": True}
    edit = {**body, "ParentId": grant(door), "PermissionsEdit": True}
    assert door.refusal("POST", "/sobjects/FieldPermissions", json=edit)[1] == "FIELD_INTEGRITY_EXCEPTION"
    query = "SELECT NamespacePrefix, ManageableState FROM CustomField"
    assert door.query(query, "/tooling/query") == [
        {"NamespacePrefix": "dialer", "ManageableState": "installed"}
    ]


def test_a_field_that_an_admin_deletes_is_gone_from_everything(
    org: SalesforceOrg, door: Door, task: str
) -> None:
    create(door, "Activity.Score__c", SCORE)
    grant(door, "Task.Score__c")
    org.remove_custom_field("Activity", "Score__c")
    assert described(door, "Task", "Score__c") is None
    assert door.query_refusal("SELECT Score__c FROM Task")[1] == "INVALID_FIELD"
    assert (org.rows("FieldPermissions"), org.rows("CustomField")) == ([], [])
